"""The central message gateway of the Flemish social protection (VSB)."""
