"""The demo with asyncio: `python examples/demo_async.py` does what `demo.py` does, and prints it alike."""

import asyncio

import demo
import httpx
from demo import CREDITS, FORGED, GATE, SECRET, TARGETS, VAN, StubServer

from trio_client import AsyncTrioClient, CoverageGap, Started, Triggered, Usage

job_ended = asyncio.Event()


async def main() -> None:
    with StubServer(speed=60, credits=CREDITS, webhook_secret=SECRET) as stub:
        demo.begin(stub)
        async with AsyncTrioClient("any-key", base_url=stub.base_url) as client:
            await ask_once(client)
            usages = {
                "watch": await watch_through_a_cut(client, stub),
                "left early": await leave_early(client),
                "two cameras": await watch_two_cameras(client),
            }
            demo.show_costs(usages, stub)
            await page_through_jobs(client, stub)
            await receive_a_webhook(client)
        demo.end(stub)


async def ask_once(client: AsyncTrioClient) -> None:
    demo.chapter("Ask once", f'await client.check_once(gate, "{VAN}")')
    result = await client.check_once(GATE, VAN)
    demo.show("yes" if result.triggered else "no", result.explanation)


async def watch_through_a_cut(client: AsyncTrioClient, stub: StubServer) -> Usage:
    demo.chapter("Watch, and lose the connection", f'client.live_monitor.watch(gate, "{VAN}")')
    jobs: list[str | None] = []
    is_cut = False
    async with client.live_monitor.watch(GATE, VAN) as events:
        async for event in events:
            match event:
                case Started(job_id=job_id):
                    demo.show_start(job_id, after=await client.jobs.get(jobs[-1]) if jobs else None)
                    jobs.append(job_id)
                case CoverageGap(started_at=since, ended_at=until) if since and until:
                    demo.show("gap", f"not watched for {(until - since).total_seconds():.2f} s")
                case Triggered(explanation=why):
                    demo.show("triggered", why or "counted by polling, without an explanation")
                    if len(jobs) == 2:
                        break
                    if not is_cut:
                        is_cut = True
                        demo.show("cut", "this demo cuts the connection")
                        stub.drop_stream(events.job_id)
    demo.explain_cut()
    return events.usage


async def leave_early(client: AsyncTrioClient) -> Usage:
    demo.chapter("Leave early", "async with client.live_monitor.stream(...) as events: ...")
    async with client.live_monitor.stream(GATE, VAN, max_triggers=None) as events:
        seen = await events.until(Triggered)
        demo.show("triggered", seen and seen.explanation)
    demo.explain_stop(events.outcome, (await client.jobs.list(status="running")).total)
    return events.usage


async def watch_two_cameras(client: AsyncTrioClient) -> Usage:
    demo.chapter("Two cameras side by side", "client.watch_many([gate, yard])")
    demo.line(f"       {'gate':<34}yard")
    triggers = dict.fromkeys(TARGETS, 0)
    async with client.watch_many(TARGETS) as events:
        async for target, event in events:
            if isinstance(event, Triggered):
                triggers[target] += 1
                demo.show_side_by_side(target, event)
            if min(triggers.values()) == 2:
                break
    demo.explain_many()
    return events.usage


async def page_through_jobs(client: AsyncTrioClient, stub: StubServer) -> None:
    demo.chapter("All jobs, page by page", "client.jobs.iterate(page_size=2)")
    before = len(stub.requests)
    jobs = [job async for job in client.jobs.iterate(page_size=2)]
    demo.show_jobs(jobs, requests=len(stub.requests) - before)


async def receive_a_webhook(client: AsyncTrioClient) -> None:
    demo.chapter("Take signed webhooks", "webhooks.unwrap(body, headers, secret)")
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as receiver:
        url = f"http://127.0.0.1:{receiver.sockets[0].getsockname()[1]}/trio"
        await client.live_monitor.create(GATE, VAN, webhook_url=url)
        await asyncio.wait_for(job_ended.wait(), timeout=30)
        async with httpx.AsyncClient(trust_env=False) as forger:
            await forger.post(url, **FORGED)
    demo.explain_webhooks()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take one delivery; an application would use its web framework."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[1:-2]
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers["content-length"]))
    status = demo.receive(body, headers, job_ended.set)
    writer.write(f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())
    await writer.drain()
    writer.close()


if __name__ == "__main__":
    asyncio.run(main())
