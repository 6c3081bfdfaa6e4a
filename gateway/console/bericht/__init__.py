"""A stored message as every role's page shows it: lines with what the rules found, signature, life and decisions."""
