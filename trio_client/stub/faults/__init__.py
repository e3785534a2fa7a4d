"""Scripted faults of HTTP: which request they apply to, and what they do to its reply."""
