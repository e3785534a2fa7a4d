"""Concurrency of the sync client, with threads; `concurrency.async_` has the same names."""
