"""SOAP on the wire: parsing, envelopes, faults, blobs, WSDLs. Knows nothing of care."""
