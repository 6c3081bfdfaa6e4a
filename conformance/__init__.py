"""The conformance suite with which vendors prove that their software may connect."""
