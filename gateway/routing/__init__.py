"""Which zorgkas insures this person on this date."""
