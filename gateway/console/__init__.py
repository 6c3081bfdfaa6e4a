"""Screens for the operator."""
