"""A vendor's software as the sender: a reference central application that asks, watches what arrives, and judges it."""
