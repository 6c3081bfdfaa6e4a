"""Screens for people: operator, zorgkas, facility, vendor, controller, administrator."""
