"""Concurrency of the async client, for asyncio and the trio library; `concurrency.sync` has the same names."""
