"""From a report to an explained assessment: reader, calibration, decision, explanation, the bundle format."""
