"""Commands of vsb-conformance, a module each."""
