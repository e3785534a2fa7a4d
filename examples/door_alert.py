"""Tell a chat channel when something happens at the door, with the picture.

    python examples/door_alert.py rtsp://door.example/live "a person is at the door" https://chat.example/hooks/123

The message has the form that Discord's webhooks take: `payload_json` and a file. Slack's take `{"text": …}`, no file.
"""

import argparse
import json
import sys

import httpx

from trio_client import Failed, Triggered, TrioClient, exit_on_sigterm


def main() -> None:
    parser = argparse.ArgumentParser(description="Tell a chat channel when something happens at the door.")
    parser.add_argument("stream_url")
    parser.add_argument("condition")
    parser.add_argument("hook", help="the channel's URL")
    options = parser.parse_args()
    url, condition = options.stream_url, options.condition
    with (
        TrioClient() as client,
        httpx.Client(timeout=10) as chat,
        client.live_monitor.stream(url, condition, max_triggers=3, trigger_cooldown_seconds=60) as events,
    ):
        for event in events:
            match event:
                case Triggered():
                    tell(chat, options.hook, event)
                case Failed(message=message):
                    sys.exit(f"The watch failed: {message}")


def tell(chat: httpx.Client, hook: str, event: Triggered) -> None:
    message = {"content": f"**{event.condition}**: {event.explanation}"}
    files = {} if event.frame is None else {"file": ("door.jpg", event.frame.data, event.frame.media_type)}
    try:
        chat.post(hook, data={"payload_json": json.dumps(message)}, files=files).raise_for_status()
    except httpx.HTTPError as error:
        print(f"The channel was not told: {error}", file=sys.stderr)  # and the watch goes on
    else:
        print("told:", event.explanation)


if __name__ == "__main__":
    exit_on_sigterm()  # systemd and Docker end programs with SIGTERM: stop the job then, too
    main()
