"""Is it right: the rules of the pillar's cookbook. Pure, no I/O."""
