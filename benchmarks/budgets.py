"""The most that this client may take: as a ratio to another, or, under its own name, in the unit of the scenario.

Where something grows, the budget is that of the exponent, by the name of the curve.
"""

from __future__ import annotations

from .contenders import OURS

BUDGETS: dict[str, dict[str, float]] = {
    "GET, sync": {"httpx": 1.0, "openai": 0.65},
    "GET, async": {"httpx": 1.0, "openai": 0.65, "aiohttp": 3.3},
    "POST, sync": {"httpx": 1.0},
    "POST, async": {"httpx": 1.0},
    "create, sync": {"httpx": 1.05},
    "create, async": {"httpx": 1.05},
    "1,000 GETs, 100 at once, cold": {"httpx": 0.125, "httpx2": 1.0},
    "1,000 GETs, 100 at once, warm": {"httpx": 0.55, "httpx2": 1.0, "aiohttp": 4.5},
    "1,000 streams at once": {"httpx": 0.75},
    "progress, sync": {"httpx": 0.90},
    "progress, async": {"httpx": 0.90},
    "mixed hour, sync": {"httpx": 0.90},
    "mixed hour, async": {"httpx": 0.90},
    "triggers of 300 KiB, sync": {"httpx": 0.80},
    "triggers of 300 KiB, async": {"httpx": 0.95},
    "5,000 jobs, 100 a page": {"httpx": 1.2, "openai": 0.12},
    "1 MiB of items that cannot be read": {"readable": 1.2},
    "one client more": {"httpx": 0.05},
    "over aiohttp: 1,000 streams at once": {"aiohttp": 3.3},
    "200 B, in 64 KiB chunks": {"httpx-sse": 0.95},
    "200 B, a chunk each": {"httpx-sse": 0.95},
    "300 KiB, in 64 KiB chunks": {"httpx-sse": 0.50},
    "300 KiB, a chunk each": {"httpx-sse": 0.50},
    "8 MiB, in 64 KiB chunks": {"httpx-sse": 0.40},
    "8 MiB, in one chunk": {"httpx-sse": 0.40},
    "1 MiB, in 128-byte chunks": {"httpx-sse": 0.50},
    "progress, typed": {"httpx-sse": 0.75},
    "progress with microseconds, typed": {"httpx-sse": 0.75},
    "progress with unknown fields, typed": {"httpx-sse": 0.75},
    "triggers of 300 KiB, typed": {"httpx-sse": 0.40},
    "mixed hour, typed": {"httpx-sse": 0.70},
    "webhook of 1 KiB": {"floor": 1.4},
    "webhook of 1 KiB, no microseconds": {"floor": 1.4},
    "webhook of 300 KiB": {"floor": 1.1},
    "import trio_client": {"dependencies": 1.15},
    "import of the client": {"dependencies": 1.25},
    "first calls in an event loop": {OURS: 50},
    "import and first client": {"openai": 0.45},
    "packages loaded before they are needed": {OURS: 0},
    "trio-client --version": {"typer": 1.5},
    "100,000 jobs, their ids kept": {OURS: 16},
    "stub server, start to first answer": {OURS: 1.0},
    "stub server, an event to each of 1,000 streams": {"floor": 15},
    "stub server, memory of a stream": {OURS: 100},
    "Decoding an event, by its size": {"in chunks of 64 KiB": 1.1, "in chunks of 1 KiB": 1.1},
}
