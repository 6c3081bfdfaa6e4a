"""The four services: each composes the stages for its messages, one way."""
