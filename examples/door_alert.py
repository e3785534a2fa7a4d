"""Post to a chat channel, with a picture, when something happens at the door.

    python examples/door_alert.py rtsp://door.example/live "a person is at the door" https://chat.example/hooks/123

The message is in the format of Discord's webhooks: `payload_json` and a file. Slack's take `{"text": …}` and no file.
"""

import argparse
import json
import sys

import httpx

from trio_client import Failed, Triggered, TrioClient, TrioError, exit_on_sigterm


def main() -> None:
    parser = argparse.ArgumentParser(description="Post to a chat channel when something happens at the door.")
    parser.add_argument("stream_url")
    parser.add_argument("condition")
    parser.add_argument("hook", help="the URL of the channel's webhook")
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
                    post(chat, options.hook, event)
                case Failed(message=message):
                    sys.exit(f"The watch failed: {message}")


def post(chat: httpx.Client, hook: str, event: Triggered) -> None:
    message = {"content": f"**{event.condition}**: {event.explanation}"}
    files = {} if event.frame is None else {"file": ("door.jpg", event.frame.data, event.frame.media_type)}
    try:
        chat.post(hook, data={"payload_json": json.dumps(message)}, files=files).raise_for_status()
    except httpx.HTTPError as error:
        print(f"not posted: {error}", file=sys.stderr)  # and the watch goes on
    else:
        print("posted:", event.explanation)


if __name__ == "__main__":
    exit_on_sigterm()  # stop the job on SIGTERM too, which systemd and Docker send
    try:
        main()
    except KeyboardInterrupt as stop:  # Ctrl-C; or SIGTERM, which has an exit code of its own
        sys.exit(getattr(stop, "code", 130))
    except TrioError as error:  # no key, a key that is refused, no connection
        sys.exit(str(error))
