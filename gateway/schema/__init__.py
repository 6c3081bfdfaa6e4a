"""Does it read: the fast yes or no, and the slow explanation of a no."""
