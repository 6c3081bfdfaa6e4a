"""Senders with one fault: the reference vendor's software, changed in one place."""

from tests.mutants.afzender import inhoud, lezen, zenden
from tests.mutants.afzender.vendor import BROKEN, VENDORS, hook

__all__ = ["BROKEN", "VENDORS", "hook", "inhoud", "lezen", "zenden"]
