"""`probe`: find out how the API behaves for an account."""

from __future__ import annotations

import json as json_
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .._redaction import shown
from ._exits import JOB_MAY_RUN, Interrupted, UsageError
from ._options import Json, StreamUrl, port_number, session_of
from ._session import Session

if TYPE_CHECKING:
    from ._probe_run import Plan

__all__ = ["probe"]

_COST = 0.25
_COST_OF_ALL_SLOTS = 0.75


def probe(
    context: typer.Context,
    stream_url: StreamUrl,
    condition: Annotated[str, typer.Argument(help="What to watch for; it should hold now.", show_default=False)],
    out_dir: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the report and the recording.")],
    max_cost: Annotated[
        float | None, typer.Option(metavar="USD", help="The most it may cost: 0.25, with --fill-slots 0.75.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before starting.")] = False,
    listen: Annotated[
        int | None, typer.Option(metavar="PORT", help="Port of this machine that receives webhooks.")
    ] = None,
    webhook_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Public address that leads to --listen, such as a tunnel's.")
    ] = None,
    allow_second_job: Annotated[
        bool, typer.Option("--allow-second-job", help="Find out what a repeated Idempotency-Key does.")
    ] = False,
    fill_slots: Annotated[
        bool, typer.Option("--fill-slots", help="Start jobs until the account is full, all at once.")
    ] = False,
    frames: Annotated[bool, typer.Option("--frames", help="Keep the pictures in the recording.")] = False,
    json: Json = False,
) -> int:
    """Find out how the API behaves for your account, and record it.

    Starts short jobs one after another, each at most one billed minute, and stops them all. Writes report.md,
    facts.jsonl and session.jsonl into DIR. The documentation leaves some behavior open, and its versions disagree.

    Example:
      trio-client probe rtsp://gate.example/live "the gate is visible" --out probe
    """
    from ._probe_run import Plan

    session = session_of(context)
    session.protect(stream_url, webhook_url)
    if (listen is None) != (webhook_url is None):
        raise UsageError("--listen and --webhook-url belong together: the port, and the address that leads to it.")
    if listen is not None:
        port_number(listen, "--listen")
    budget = max_cost if max_cost is not None else _COST_OF_ALL_SLOTS if fill_slots else _COST
    plan = Plan(stream_url, condition, webhook_url, allow_second_job, fill_slots, budget)
    if not budget >= plan.least_cost:
        raise UsageError(f"--max-cost {budget:g} is not enough: this probe costs at least {plan.least_cost:.2f} USD.")
    _confirm(session, plan, yes=yes)
    key, base_url = _live(session, stream_url)
    return _probe(session, plan, out_dir, key, base_url, listen=listen, frames=frames, json=json)


def _confirm(session: Session, plan: Plan, *, yes: bool) -> None:
    """Say what will happen, and ask."""
    out = session.out
    cost = plan.max_cost if plan.fill_slots else plan.least_cost
    together = ", and then as many at once as the account allows" if plan.fill_slots else ""
    out.note(f"This starts {plan.jobs} short jobs, one after another{together}, and stops them all.")
    out.note(f"It takes up to five minutes and costs up to {cost:.2f} USD by the published prices.")
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("There is no terminal to ask on: add --yes.")
    out.note("Go on? [y/N]")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise typer.Abort


def _live(session: Session, stream_url: str) -> tuple[str, str]:
    """Return the key and the address of the API, if the stream is live."""
    from ..errors import NotFoundError

    with session.client() as client:
        found = None
        with suppress(NotFoundError):  # some servers do not validate streams
            found = client.streams.validate(stream_url)
        if found is not None and not found.is_live:
            hint = f" ({session.out.clean(found.error_hint)})" if found.error_hint else ""
            raise UsageError(f"The stream is not live{hint}. Name one that is, so that its jobs show something.")
        key, _ = session.key()
        return (key or "").strip(), client.base_url


def _probe(
    session: Session,
    plan: Plan,
    folder: Path,
    key: str,
    base_url: str,
    *,
    listen: int | None,
    frames: bool,
    json: bool,
) -> int:
    from .._core.probe.facts import facts
    from ._probe_listener import Listener
    from ._probe_report import write_report
    from ._probe_run import Probe
    from ._probe_wire import Wire

    out = session.out
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be created: {error.strerror or error}.") from error
    listener = None if listen is None else Listener(listen)
    wire = Wire(base_url, key, folder / "session.jsonl", frames=frames)
    probing = Probe(plan, wire, listener, lambda text: out.note(f"finding out: {text}"))
    out.running = lambda: [*probing.running, *[""] * probing.unresolved]
    interrupted: Interrupted | None = None
    try:
        probing.run()
    except Interrupted as signal:
        interrupted = signal
    finally:
        wire.close()
        if listener is not None:
            listener.close()
    if may_run := bool(probing.running or probing.unresolved):
        names = ", ".join(map(shown, probing.running)) or "a job whose id is not known"
        out.error(f"Not all jobs are confirmed to be stopped: {names}. See `trio-client jobs list`.")
    found = facts(probing.evidence())
    try:
        write_report(folder, found, probing.started)
    except OSError as error:
        out.error(f"The report could not be written to {folder}: {error.strerror or error}.")
        return JOB_MAY_RUN if may_run else 1
    for fact in found:
        if json:
            out.data(fact.to_dict())
        else:
            out.line(out.clean(f"{fact.name}: {_short(fact.seen)}"), label=f"{fact.verdict:<14}  ")
    out.note(f"The report is in {folder / 'report.md'}.")
    if may_run:
        return JOB_MAY_RUN
    if interrupted is not None:
        raise interrupted
    return 0


def _short(seen: object) -> str:
    text = "nothing was seen" if seen is None else json_.dumps(seen)
    return text if len(text) <= 100 else f"{text[:99]}…"
