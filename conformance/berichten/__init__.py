"""The messages that scenarios send, right ones and ones with chosen faults."""
