"""A central application judged: the suite sends, and judges every answer."""
