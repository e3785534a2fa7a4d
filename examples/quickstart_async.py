"""What `quickstart.py` does, with asyncio: here two cameras are watched at once.

    python examples/quickstart_async.py

It needs `trio-client[stub]`.
"""

import asyncio
import sys

from trio_client import AsyncTrioClient, Stopped, Triggered, webhooks

try:
    from trio_client.stub import StubServer
except ModuleNotFoundError as error:
    sys.exit(str(error))  # it names the extra

CAMERAS = ("rtsp://gate.example/live", "rtsp://yard.example/live")
CONDITION = "a van is at the gate"
SECRET = "the secret both sides know"
job_ended = asyncio.Event()  # set by the delivery that reports the job's end


async def main() -> None:
    with StubServer(speed=60, webhook_secret=SECRET) as stub:
        async with AsyncTrioClient("any-key", base_url=stub.base_url) as client:
            await check_once(client)
            print(f"\nwatching for {CONDITION!r}:")
            await asyncio.gather(*(watch(client, camera) for camera in CAMERAS))
            await page(client)
            await receive_webhook(client)


async def check_once(client: AsyncTrioClient) -> None:
    for camera in CAMERAS:
        validation = await client.streams.validate(camera)
        print(f"{camera} is {'live' if validation.is_live else 'not live'}: {validation.title}")
    result = await client.check_once(CAMERAS[0], CONDITION)
    print(f"check once: {'yes' if result.triggered else 'no'}: {result.explanation}")


async def watch(client: AsyncTrioClient, camera: str) -> None:
    async with client.live_monitor.stream(camera, CONDITION, interval_seconds=5) as events:
        async for event in events:
            match event:
                case Triggered(explanation=why):
                    print(f"  {camera}: triggered: {why}")
                case Stopped(reason=reason):
                    print(f"  {camera}: stopped: {reason}")
                case _:
                    print(f"  {camera}: {event.kind}")


async def page(client: AsyncTrioClient) -> None:
    print("\nall jobs, newest first:")
    async for job in client.jobs.iterate():
        print(f"  {job.job_id}  {job.job_type}  {job.status}")


async def receive_webhook(client: AsyncTrioClient) -> None:
    receiver = await asyncio.start_server(receive, "127.0.0.1", 0)
    async with receiver:
        port = receiver.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/trio"
        print("\nwebhooks:")
        job = await client.live_monitor.create(CAMERAS[0], CONDITION, interval_seconds=5, webhook_url=url)
        await asyncio.wait_for(job_ended.wait(), timeout=30)
        print(f"the job ended: {(await client.jobs.get(job.job_id)).status}")


async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take one delivery; an application would use its web framework."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[1:]
    headers = dict(line.split(": ", 1) for line in lines if line)
    lengths = {name.lower(): value for name, value in headers.items()}
    body = await reader.readexactly(int(lengths["content-length"]))
    try:
        event = webhooks.unwrap(body, headers, SECRET)
    except webhooks.WebhookSignatureError:
        answer = b"HTTP/1.1 401 Unauthorized\r\n"
    else:
        print(f"  {event.kind}: {event.name}")
        answer = b"HTTP/1.1 204 No Content\r\n"
        if event.terminal:
            job_ended.set()
    writer.write(answer + b"Connection: close\r\n\r\n")
    await writer.drain()
    writer.close()


if __name__ == "__main__":
    asyncio.run(main())
