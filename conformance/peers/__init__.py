"""Peers of a central application that misbehave on command: a zorgkas, an STS, a CRL distribution point, an OCSP responder."""
