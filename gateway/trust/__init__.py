"""Who is speaking, and may they send this, now."""
