"""Write summaries of a stream, with pictures, into a Markdown file.

python examples/digest_to_markdown.py rtsp://yard.example/live report.md 3
"""

import argparse
import sys
from pathlib import Path
from urllib.parse import urlsplit

from trio_client import Failed, Summary, TrioClient, TrioError, exit_on_sigterm


def main() -> None:
    parser = argparse.ArgumentParser(description="Write summaries of a stream, with pictures, into a Markdown file.")
    parser.add_argument("stream_url")
    parser.add_argument("report", type=Path, help="the file to write")
    parser.add_argument("windows", type=int, help="how many summaries to write, each of ten minutes")
    options = parser.parse_args()
    url, path = options.stream_url, options.report
    with TrioClient() as client, path.open("w", encoding="utf-8") as file:
        print(f"# {urlsplit(url).hostname}", file=file)  # the rest of the address may hold a password or a token
        digest = client.live_digest.stream(url, window_minutes=10, max_windows=options.windows, include_frames=True)
        with digest as events:
            for event in events:
                match event:
                    case Summary():
                        write(file, event, path)
                    case Failed(message=message):
                        sys.exit(f"The digest failed: {message}")
    print(f"wrote {path}")


def write(file, event: Summary, path: Path) -> None:
    when = event.occurred_at.strftime("%Y-%m-%d %H:%M UTC") if event.occurred_at else "at an unknown time"
    print(f"\n## Until {when}\n\n{event.summary}", file=file)
    if event.grid is not None:
        stamp = event.occurred_at.strftime("%H%M%S") if event.occurred_at else "window"
        picture = event.grid.save(path.with_name(f"{path.stem}-{stamp}"))
        print(f"\n![{event.frame_count} frames]({picture.name})", file=file)
    file.flush()


if __name__ == "__main__":
    exit_on_sigterm()  # stop the job on SIGTERM too, which systemd and Docker send
    try:
        main()
    except KeyboardInterrupt as stop:  # Ctrl-C; or SIGTERM, which has an exit code of its own
        sys.exit(getattr(stop, "code", 130))
    except TrioError as error:  # no key, a key that is refused, no connection
        sys.exit(str(error))
