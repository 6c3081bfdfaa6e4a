"""Deliberately broken servers, zorgkas receivers and senders, each with one realistic fault, that the suite must catch."""
