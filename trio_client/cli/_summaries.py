"""The first line of each command's help, for `python -OO`, which drops the docstrings that are the help."""

from __future__ import annotations

from typing import Any

__all__ = ["SUMMARIES", "restore_summaries"]

SUMMARIES = {
    "": "Ask questions about live video with the Trio API, once or for hours.",
    "check": "Check once whether a condition holds on a stream. Billed per call.",
    "watch": "Watch a stream for a condition, and print events as they happen. Billed by the minute.",
    "digest": "Summarize what happens on a stream, window by window. Billed by the minute.",
    "watch-many": "Watch the cameras of a file side by side, until you leave. Billed by the minute and job.",
    "ask": "Ask a question about a picture of your own. Billed per call.",
    "api": "Call any endpoint below the base URL, and print the reply.",
    "login": "Save the API key for this command line, in a file that only you can read.",
    "mcp": "Serve tools for agents over standard input and output, with the Model Context Protocol.",
    "doctor": "Show the key's source, the API's address and reply, and installed versions. No secret is shown.",
    "probe": "Find out how the API behaves for your account, and record it.",
    "stub": "Run a local server that follows the API's documentation: no key, no network, no cost.",
    "help": "Explain a command.",
    "jobs create": "Start a job and print its id. The job runs on by itself. Billed by the minute.",
    "jobs cancel": "Cancel jobs. Continues after a failure.",
    "jobs list": "List jobs, newest first.",
    "jobs get": "Show one job with its settings and counters.",
    "jobs wait": "Wait until a job ends. Exits with 1 if it failed, with 6 if it did not end in time.",
    "jobs watch": "Follow a running job by polling. Leaving never cancels it.",
    "streams validate": "Check whether a stream is live. Exits with 1 if it is not.",
    "streams prepare": "Have a stream resolved ahead of time, so that its first check is faster. "
    "Exits with 1 if it is not ready.",
    "webhooks listen": "Print webhooks as they arrive, verified. Duplicates are reported, not printed.",
    "webhooks verify": "Verify the signature of a delivery, and show its event. Exits with 1 if it does not match.",
    "osapi jobs list": "List jobs in the order of their ids, which is not by time.",
    "osapi jobs get": "Show one job, with the outcome on each agent.",
    "osapi jobs delete": "Delete the records of jobs. This does not stop running work.",
    "osapi jobs retry": "Run the work of a job again, as a new job; without --target, on every agent.",
}


def restore_summaries(command: Any, path: str = "") -> None:
    """Give commands without any help their summary."""
    command.help = command.help or SUMMARIES.get(path)
    for name, each in getattr(command, "commands", {}).items():
        restore_summaries(each, f"{path} {name}".strip())
