"""The TCP proxy for faults below HTTP."""
