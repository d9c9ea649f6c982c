"""Recognisers of what identifies in a UK report, one class a file. They lean towards replacing: a number too many costs nothing, one too few does."""

from presidio_analyzer import EntityRecognizer
from presidio_analyzer.predefined_recognizers import UkNinoRecognizer

from service.deidentify.recognisers.crime_reference import CrimeReference
from service.deidentify.recognisers.date_of_birth import DateOfBirth
from service.deidentify.recognisers.email import Email
from service.deidentify.recognisers.handle import Handle
from service.deidentify.recognisers.nhs_number import NhsNumber
from service.deidentify.recognisers.phone import Phone
from service.deidentify.recognisers.postcode import Postcode
from service.deidentify.recognisers.street import Street
from service.deidentify.recognisers.vehicle import Vehicle


def recognisers() -> list[EntityRecognizer]:
    """Return one of each, and Presidio's own for National Insurance numbers."""
    own = [CrimeReference, DateOfBirth, Email, Handle, NhsNumber, Phone, Postcode, Street, Vehicle]
    return [*(kind() for kind in own), UkNinoRecognizer(supported_entity="NATIONAL_INSURANCE")]
