"""Typed messages, one module per family: parse and write."""
