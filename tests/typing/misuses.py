"""Mistakes that a type checker must find: an `ignore` that is not needed is an error."""

from __future__ import annotations

from trio_client import AsyncTrioClient, Target, TrioClient


def mistakes(client: TrioClient) -> None:
    client.live_monitor.create("rtsp://a")  # type: ignore[call-arg]
    client.live_monitor.create("rtsp://a", "b", "https://c")  # type: ignore[call-arg]
    client.live_monitor.create("rtsp://a", "b", interval_seconds="10")  # type: ignore[arg-type]
    client.live_monitor.create("rtsp://a", "b", input_mode="video")  # type: ignore[arg-type]
    client.live_monitor.stream("rtsp://a", "b", webhook_url="https://c")  # type: ignore[call-arg]
    client.live_monitor.stream("rtsp://a", "b", on_exit="stop")  # type: ignore[arg-type]
    client.jobs.list(status="cancelled")  # type: ignore[arg-type]
    client.jobs.iterate(limit="10")  # type: ignore[arg-type]
    for _ in client.live_monitor.create("rtsp://a", "b").stats or {}:
        pass
    Target("rtsp://a", "b", wait_for_slot=3)  # type: ignore[call-arg]
    Target("rtsp://a", "b", interval_seconds="10")  # type: ignore[arg-type]
    client.watch_many(["rtsp://a"])  # type: ignore[list-item]
    client.watch_many([Target("rtsp://a", "b")]).add("rtsp://b")  # type: ignore[arg-type]
    client.check_once("rtsp://a", "b").answer  # type: ignore[attr-defined] # noqa: B018


async def async_mistakes(client: AsyncTrioClient) -> None:
    for _ in client.jobs.iterate():  # type: ignore[attr-defined]
        pass
    client.jobs.list().jobs  # type: ignore[attr-defined] # noqa: B018
    with client.live_monitor.stream("rtsp://a", "b"):  # type: ignore[attr-defined]
        pass
