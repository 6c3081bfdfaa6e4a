"""Reference data: import and lookup."""
