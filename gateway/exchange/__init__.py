"""Outbox, mailboxes, transports and retry: moves messages it does not understand."""
