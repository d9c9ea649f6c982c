"""De-identification of exported text: what names a person, a number or a place is replaced, and offsets are carried through.

Presidio finds (``engine.py``, with one small recogniser a file in ``recognisers/``), ``surrogates.py`` chooses what stands in its place,
``rewrite.py`` replaces and moves offsets. Needs the ``export`` extra. How much it finds is measured by ``foursight decisions measure``
and stated in docs/learning.md: it lowers the risk, it does not make a report anonymous.
"""

from service.deidentify.engine import Deidentifier, Found, MissingExtra
from service.deidentify.rewrite import Rewritten, rewrite

__all__ = ["Deidentifier", "Found", "MissingExtra", "Rewritten", "rewrite"]
