"""The operator's screens: what goes on, where a message is, and what to do when it does not move."""
