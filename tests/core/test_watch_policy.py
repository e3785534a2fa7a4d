"""A watch runs one job after another: never two at once, none left behind, every second watched or in a gap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watch_world import World, interrupted, unresolved

from trio_client import errors
from trio_client._core import watch_commands as do
from trio_client.events import Started, StatusChanged, Stopped, Triggered

FORBIDDEN = errors.PermissionDeniedError("m", status_code=403, code="FORBIDDEN")
FIREWALL = errors.PermissionDeniedError("m", status_code=403)
UNAUTHORIZED = errors.AuthenticationError("m", status_code=401)
OFFLINE = errors.StreamUnavailableError("m", status_code=400, code="STREAM_OFFLINE")
OUTAGE = errors.ServerError("m", status_code=503)


def test_when_a_job_has_used_its_time_the_next_begins_at_once() -> None:
    world = World()
    world.start()
    world.end(600)
    assert (do.Start(None), []) == (world.command, world.waits)
    world.start()
    status, gap = world.emitted
    assert isinstance(status, StatusChanged)
    assert ("stopped", "max_duration_reached") == (status.status, status.reason)
    assert [gap] == world.gaps
    assert ("job_ended", "max_duration_reached") == (world.gaps[0].reason, world.gaps[0].detail)


def test_a_gap_lasts_from_the_end_of_a_job_to_the_start_of_the_next() -> None:
    world = World()
    world.start()
    world.break_down(10)
    world.now += 3
    world.start()
    (gap,) = world.gaps
    assert (world.time(10), world.time(14)) == (gap.started_at, gap.ended_at)
    assert ("stream_unavailable", "STREAM_OFFLINE") == (gap.reason, gap.detail)


def test_a_gap_ends_when_the_job_that_was_looked_up_began() -> None:
    world = World()
    world.start()
    world.end(600)
    world.fail(unresolved())
    world.now += 20
    world.start(ran=15)
    assert world.time(world.now - 15) == world.gaps[0].ended_at


def test_a_job_that_someone_cancelled_ends_the_watch() -> None:
    world = World()
    world.start()
    world.end(reason="cancelled")
    assert isinstance(world.outcome, Stopped)
    assert "cancelled" == world.outcome.reason


def test_a_watch_ends_when_its_time_is_up_after_the_final_messages() -> None:
    world = World(duration=60)
    world.start()
    world.time_up()
    world.stop()
    assert do.Read(65.0) == world.command
    world.events(1)
    world.end(1, reason="cancelled")
    assert ["progress", "stopped"] == [event.kind for event in world.emitted]
    assert isinstance(world.outcome, Stopped)
    assert ("duration_reached", world.time()) == (world.outcome.reason, world.outcome.occurred_at)


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_watch_whose_time_is_up_ends_though_its_job_stays_silent(confirmed: bool) -> None:
    world = World(duration=60)
    world.start()
    world.time_up()
    world.stop(confirmed=confirmed)
    if confirmed:
        world.time_up()
    assert isinstance(world.outcome, Stopped)
    assert None is world.running


def test_a_stream_that_drops_while_the_final_messages_are_read_is_polled_for_them() -> None:
    world = World(duration=60)
    world.start()
    world.time_up()
    world.stop()
    world.drop(1)
    world.end(1)
    assert ["stopped"] == [event.kind for event in world.emitted]


def test_a_slot_is_waited_for_without_end_by_default() -> None:
    world = World()
    for _ in range(100):
        world.refuse()
    assert [3.0] * 100 == world.waits
    world.start()
    first, last = world.gaps
    assert ("no_free_slot", "no_free_slot") == (first.reason, last.reason)
    assert (world.time(0), None) == (first.started_at, first.ended_at)
    assert (world.time(0), world.time(300)) == (last.started_at, last.ended_at)
    assert world.time(5) == first.occurred_at


def test_a_slot_is_waited_for_as_long_as_was_asked() -> None:
    world = World(wait_for_slot=8)
    for _ in range(4):
        world.refuse()
    assert [3.0, 3.0, 2.0] == world.waits
    assert [errors.MaxJobsReachedError] == [type(error) for error in world.raised]


def test_the_time_between_two_time_slices_is_a_gap() -> None:
    world = World(queues=True)
    world.grant()
    world.start()
    world.end_time_slice(600)
    world.stop()
    world.end(1, reason="cancelled")
    world.queue()
    world.wait_in_queue()
    world.wait_in_queue()
    world.grant(7)
    world.start()
    status, first, last = world.emitted
    assert isinstance(status, StatusChanged)
    assert "turn_over" == status.reason
    assert [("time_slice", None), ("time_slice", world.time())] == [(gap.reason, gap.ended_at) for gap in world.gaps]
    assert [first, last] == world.gaps


@pytest.mark.parametrize(("waited", "gaps"), [(True, ["no_free_slot"]), (False, [])])
def test_waiting_for_a_slot_is_a_gap_unless_others_only_had_to_start(waited: bool, gaps: list[str]) -> None:
    world = World(queues=True)
    world.queue()
    assert "waiting_for_slot" == world.policy.state.name
    world.grant(1, waited=waited)
    world.start()
    assert gaps == [gap.reason for gap in world.gaps]


def test_the_state_says_what_the_watch_does() -> None:
    world = World()
    assert ("starting", world.time(), None) == (world.policy.state.name, world.policy.state.since, None)
    world.fail(OUTAGE)
    job = world.start()
    assert ("watching", job.job_id) == (world.policy.state.name, world.policy.state.job_id)
    world.drop(20)
    state = world.policy.state
    assert ("polling", "connection_lost", world.time(21)) == (state.name, state.reason, state.since)
    world.lose_sight(5, OUTAGE)
    world.events(3)
    assert ("polling", "connection_lost") == (world.policy.state.name, world.policy.state.reason)
    world.break_down(1)
    assert ("starting", "stream_unavailable", None) == (
        world.policy.state.name,
        world.policy.state.reason,
        world.policy.state.job_id,
    )
    world.refuse(1)
    world.close()
    assert "ended" == world.policy.state.name
    assert ["retrying", "retrying", "waiting_for_stream", "waiting_for_slot"] == world.states


def test_a_rest_too_short_for_a_job_starts_none_and_is_a_gap() -> None:
    world = World(duration=60)
    world.start()
    world.end(57)
    assert ["status", "gap", "stopped"] == [event.kind for event in world.emitted]
    assert (world.time(57), world.time(60)) == (world.gaps[0].started_at, world.gaps[0].ended_at)
    assert isinstance(world.outcome, Stopped)
    assert ("duration_reached", world.time(60)) == (world.outcome.reason, world.outcome.occurred_at)


def test_waiting_for_a_slot_counts_as_duration() -> None:
    world = World(duration=60)
    while not isinstance(world.command, do.End):
        world.refuse(10)
    assert [("no_free_slot", None), ("no_free_slot", world.time(60))] == [
        (gap.reason, gap.ended_at) for gap in world.gaps
    ]
    assert "duration_reached" == getattr(world.outcome, "reason", None)


def test_the_shortest_duration_is_enough_for_a_job() -> None:
    world = World(duration=5)
    world.now += 0.5
    world.start()
    world.time_up()
    assert isinstance(world.command, do.Stop)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OFFLINE, "stream_unavailable"),
        (errors.APIConnectionError("m", request_sent=False), "connection_lost"),
        (unresolved(), "create_unresolved"),
        (OUTAGE, "server_error"),
        (errors.RateLimitError("m", status_code=429), "server_error"),
        (UNAUTHORIZED, "server_error"),
    ],
)
def test_the_reason_of_a_gap_is_a_code_and_its_detail_the_text(error: errors.TrioError, reason: str) -> None:
    world = World()
    world.fail(error)
    if isinstance(world.command, do.Resolve):
        world.send(do.NotFound())
    world.start()
    assert [(reason, error.problem)] == [(gap.reason, gap.detail) for gap in world.gaps]


def test_a_job_that_cannot_be_stopped_keeps_its_slot_when_its_time_slice_is_over() -> None:
    world = World()
    job = world.start()
    world.end_time_slice()
    world.stop(confirmed=False, possible=False)
    assert world.running is job
    world.end(reason="cancelled")  # by someone else
    assert "cancelled" == getattr(world.outcome, "reason", None)


def test_an_end_that_the_watch_itself_may_have_caused_is_not_its_end() -> None:
    world = World()
    world.start()
    world.end_time_slice()
    world.stop(confirmed=False)
    world.end(reason="cancelled")
    assert do.Start(None) == world.command


def test_a_time_slice_does_not_end_before_its_job_has_started() -> None:
    world = World()
    job = world.start(named=False)
    job.has_started = False
    world.end_time_slice()
    assert isinstance(world.command, do.Read)


def test_a_job_that_failed_at_the_end_of_its_time_slice_is_a_failure() -> None:
    world = World()
    world.start()
    world.end_time_slice()
    world.stop()
    world.break_down(1)
    assert ([1.0], "STREAM_OFFLINE") == (world.waits, getattr(world.emitted[0], "reason", None))


def test_a_dropped_stream_is_polled() -> None:
    world = World()
    job = world.start()
    world.drop()
    assert isinstance(world.command, do.Read)
    assert world.running is job


def test_a_dropped_stream_is_raised_if_asked_once_its_job_has_been_stopped() -> None:
    world = World(on_drop="raise")
    world.start()
    world.drop()
    assert [errors.StreamInterruptedError] == [type(error) for error in world.raised]
    assert None is world.running


def test_a_job_that_cannot_be_polled_is_kept() -> None:
    world = World()
    job = world.start()
    world.drop()
    for _ in range(3):
        world.lose_sight(0, OUTAGE)
    assert ([1.0, 2.0, 4.0], job) == (world.waits, world.running)


def test_the_state_says_whether_polls_are_answered() -> None:
    world = World()
    job = world.start()
    world.drop()
    polling = world.policy.state
    assert ("polling", "connection_lost", "dropped") == (polling.name, polling.reason, polling.detail)
    job.poll_failure = OUTAGE
    world.events()
    state = world.policy.state
    assert ("retrying", "connection_lost", OUTAGE.problem) == (state.name, state.reason, state.detail)
    since = state.since
    world.events()
    assert since == world.policy.state.since
    job.poll_failure = None
    world.events()
    assert ("polling", "connection_lost", "dropped") == (
        world.policy.state.name,
        world.policy.state.reason,
        world.policy.state.detail,
    )


def test_a_job_whose_status_is_refused_is_stopped_before_the_next_starts() -> None:
    world = World()
    world.start()
    world.drop()
    world.lose_sight(0, FORBIDDEN)
    assert isinstance(world.command, do.Stop)
    world.stop()
    assert (do.Start(None), [1.0]) == (world.command, world.waits)


def test_a_job_behind_a_firewalls_page_is_polled_until_it_lifts() -> None:
    world = World()
    job = world.start()
    world.drop()
    world.lose_sight(0, FIREWALL)
    assert ([1.0], job) == (world.waits, world.running)


def test_a_job_whose_status_is_refused_and_that_cannot_be_stopped_gets_no_other_beside_it() -> None:
    world = World()
    job = world.start()
    world.drop()
    world.lose_sight(0, FORBIDDEN)
    world.stop(confirmed=False)
    assert ([1.0], job) == (world.waits, world.running)
    world.lose_sight(0, UNAUTHORIZED)
    world.stop(confirmed=False)
    world.fail(UNAUTHORIZED)
    assert [UNAUTHORIZED] == world.raised


def test_an_unresolved_create_is_looked_up_before_each_start() -> None:
    world = World()
    lost = unresolved()
    world.fail(lost)
    for _ in range(2):
        assert isinstance(world.command, do.Resolve)
        world.fail(lost)
    world.send(do.NotFound())
    assert do.Start(None) == world.command
    world.start()
    world.end()
    assert isinstance(world.command, do.Resolve)
    world.start(ran=30)
    assert 2 == len(world.jobs)


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({}, 600),
        ({"monitor_duration_seconds": 60}, 600),
        ({"monitor_duration_seconds": 7200}, 7200),
        ({"max_windows": 6, "window_minutes": 30}, 6 * 1800),
        ({"max_windows": 6}, 3600),
        ({"max_windows": None, "window_minutes": 30}, 600),
    ],
)
def test_an_unresolved_create_is_kept_for_as_long_as_its_job_may_run(body: dict[str, Any], seconds: float) -> None:
    assert 1000.0 + seconds == do.UnresolvedCreate(unresolved(**body), 1000.0).until


def test_an_unresolved_create_is_forgotten_when_its_job_cannot_run_any_more() -> None:
    world = World()
    world.fail(unresolved(monitor_duration_seconds=900))
    world.now += 899
    world.send(do.NotFound())
    world.start()
    world.end(1)
    world.send(do.NotFound())
    world.start()
    world.end()
    assert do.Start(None) == world.command


def test_an_unresolved_create_is_looked_up_beside_the_running_job_and_its_job_stopped() -> None:
    world = World()
    world.fail(unresolved(monitor_duration_seconds=900))
    world.send(do.NotFound())
    world.start()
    lookups: list[float] = []
    while len(lookups) < 4:
        world.events(1)
        if isinstance(world.command, do.StopLost):
            lookups.append(world.now)
            world.send(do.NotFound())
    assert [15, 60, 120, 180] == lookups
    while not isinstance(world.command, do.StopLost):
        world.events(1)
    world.stop_lost()
    assert not world.unresolved
    world.events(1000)
    world.end(1)
    assert do.Start(None) == world.command


def test_a_lost_job_that_cannot_be_stopped_is_tried_again() -> None:
    world = World()
    world.fail(unresolved())
    world.send(do.NotFound())
    world.start()
    world.events(30)
    world.stop_lost(confirmed=False)
    world.events(30)
    world.stop_lost()
    assert not world.unresolved


def test_an_unresolved_create_is_not_looked_up_once_its_job_cannot_run_any_more() -> None:
    world = World()
    world.fail(unresolved())
    world.send(do.NotFound())
    world.start()
    world.events(700)
    assert isinstance(world.command, do.Read)


def test_a_stream_dropped_before_it_named_its_job_leaves_an_unresolved_create() -> None:
    world = World()
    world.start(named=False)
    world.drop(1)
    world.drop_unnamed()
    assert isinstance(world.command, do.Resolve)


@pytest.mark.parametrize(("on_exit", "stopped"), [("cancel", 1), ("leave", 0)])
def test_an_unresolved_create_is_stopped_when_the_watch_is_left_unless_jobs_are_to_run_on(
    on_exit: Any, stopped: int
) -> None:
    world = World(on_exit=on_exit)
    world.fail(unresolved())
    world.send(do.Closed())
    assert isinstance(world.command, do.End)
    assert stopped == len(world.command.unresolved)


def test_a_create_that_turns_out_to_be_unresolved_after_the_watch_was_closed_is_stopped_too() -> None:
    world = World()
    world.close()
    lost = unresolved()
    world.send(do.Failure(lost))
    world.send(do.Closed())
    assert isinstance(world.command, do.End)
    assert [lost] == [create.error for create in world.command.unresolved]


def test_an_unavailable_stream_is_raised_at_once_by_default() -> None:
    world = World()
    world.fail(OFFLINE)
    assert ([OFFLINE], []) == (world.raised, world.waits)


def test_an_unavailable_stream_is_waited_for_as_long_as_was_asked_before_the_first_job() -> None:
    world = World(wait_for_stream=10)
    for _ in range(5):
        world.fail(OFFLINE)
    assert ([1.0, 2.0, 4.0, 3.0], [OFFLINE]) == (world.waits, world.raised)
    assert {"waiting_for_stream"} == set(world.states)


def test_a_stream_that_worked_once_is_waited_for_without_end() -> None:
    world = World()
    world.start()
    world.end(600)
    for _ in range(100):
        world.fail(OFFLINE)
    assert not world.raised


def test_an_error_that_no_retry_helps_is_raised_and_the_reader_may_go_on() -> None:
    world = World()
    world.fail(UNAUTHORIZED)
    assert ([UNAUTHORIZED], do.Start(None)) == (world.raised, world.command)


def dropped(**options: Any) -> World:
    """Return a watch whose stream was dropped after an event."""
    world = World(on_drop="restart", **options)
    world.start()
    world.events()
    world.drop()
    return world


def test_the_job_of_a_dropped_stream_is_replaced_at_once() -> None:
    world = dropped()
    world.stop()
    world.events(0, Triggered(name="triggered", delivery="poll"))
    world.end(0, reason="cancelled")
    assert do.Start(None) == world.command
    world.start()
    assert ["progress", "triggered", "gap"] == [event.kind for event in world.emitted]
    assert "connection_lost" == world.gaps[0].reason
    assert "watching" == world.policy.state.name


def test_a_job_whose_stream_was_lost_with_the_reply_is_replaced_as_well() -> None:
    world = World(on_drop="restart")
    world.start()
    world.events()
    world.end(1)
    world.fail(unresolved())
    assert isinstance(world.command, do.Resolve)
    world.start()
    assert isinstance(world.command, do.Stop)


def test_the_next_restart_waits_for_a_minute_and_polls_meanwhile() -> None:
    world = dropped()
    world.stop()
    world.end(0, reason="cancelled")
    restarted = world.now
    world.start()
    world.events()
    world.drop()
    while not isinstance(world.command, do.Stop):
        assert "polling" == world.policy.state.name
        world.events(3)
    assert restarted + 60 <= world.now < restarted + 64


def test_a_stream_that_never_delivered_an_event_is_not_restarted() -> None:
    world = World(on_drop="restart")
    world.start()
    world.events(1, Started(name="started", delivery="sse"))
    world.drop()
    world.events(100)
    assert isinstance(world.command, do.Read)


def test_two_restarts_without_an_event_leave_the_job_to_polling_and_the_next_has_a_stream_again() -> None:
    world = dropped()
    for _ in range(2):
        world.stop()
        world.end(0, reason="cancelled")
        world.start()
        world.drop(70)
    world.events(1000)
    world.end(1)
    world.start()
    world.drop(1)
    assert isinstance(world.command, do.Stop)


def test_a_job_that_cannot_be_stopped_is_polled_and_its_restart_retried() -> None:
    world = dropped()
    job = world.running
    world.stop(confirmed=False)
    world.events(30)
    assert (job, True) == (world.running, isinstance(world.command, do.Read))
    world.events(31)
    assert isinstance(world.command, do.Stop)


def test_a_restart_waits_for_the_end_of_a_cooldown() -> None:
    world = World(on_drop="restart", cooldown=300)
    world.start()
    world.events(10, Triggered(name="triggered", delivery="sse"))
    world.drop(10)
    world.events(280)
    assert isinstance(world.command, do.Read)
    world.events(10)
    assert isinstance(world.command, do.Stop)


def test_a_digest_is_restarted_at_the_end_of_its_window() -> None:
    world = World(on_drop="restart", window=600)
    world.start()
    world.events(700)
    world.drop(100)
    world.events(390)
    assert isinstance(world.command, do.Read)
    world.events(10)
    assert isinstance(world.command, do.Stop)


@pytest.mark.parametrize(("slot_delay", "restarts"), [(600, True), (float("inf"), False)])
def test_a_job_is_kept_for_a_while_where_its_slot_could_be_lost(slot_delay: float, restarts: bool) -> None:
    world = World(on_drop="restart")
    world.start()
    world.events()
    world.drop(10, slot_delay=slot_delay)
    world.events(590)
    assert isinstance(world.command, do.Read)
    world.events(10)
    assert restarts is isinstance(world.command, do.Stop)


def test_a_job_is_not_replaced_where_the_money_pays_for_no_other() -> None:
    world = World(on_drop="restart", max_cost=0.02)
    world.start()
    world.events(10)
    world.drop(10)
    assert isinstance(world.command, do.Read)


# Whatever happens, in whatever order


def assert_gaps_are_whole(world: World) -> None:
    """Every gap that was emitted open is emitted again with the same start and reason when it ends."""
    open_gap = None
    for gap in world.gaps:
        assert open_gap is None or (open_gap.started_at, open_gap.reason) == (gap.started_at, gap.reason)
        open_gap = gap if gap.ended_at is None else None


def outcomes(world: World, number: Callable[[float], float]) -> list[Callable[[], object]]:
    """Return every outcome that the pending command may have; `number` draws one from 0 to a limit."""
    match world.command:
        case do.Start():
            world.now += number(5)
            return [
                world.start,
                lambda: world.start(named=False),
                world.refuse,
                lambda: world.fail(OUTAGE),
                lambda: world.fail(UNAUTHORIZED),
                lambda: world.fail(OFFLINE),
                lambda: world.fail(unresolved()),
            ]
        case do.Resolve(create):
            return [
                lambda: world.start(ran=number(30)),
                lambda: world.fail(create.error),
                lambda: world.fail(FORBIDDEN),
                lambda: world.send(do.NotFound()),
            ]
        case do.Acquire():
            return [lambda: world.grant(waited=False), world.queue]
        case do.AwaitSlot():
            seconds = number(100)
            return [lambda: world.grant(seconds), lambda: world.grant(seconds, waited=False), world.wait_in_queue]
        case do.StopLost():
            return [world.stop_lost, lambda: world.stop_lost(confirmed=False), lambda: world.send(do.NotFound())]
        case do.Stop():
            return [
                world.stop,
                lambda: world.stop(confirmed=False),
                lambda: world.stop(confirmed=False, possible=False),
            ]
        case do.Read(until):
            seconds = number(900)
            found: list[Callable[[], object]] = [
                lambda: world.events(seconds),
                lambda: world.end(seconds),
                lambda: world.end(seconds, reason="error"),
                lambda: world.break_down(seconds),
                lambda: world.drop(seconds),
                lambda: world.lose_sight(seconds),
                lambda: world.lose_sight(seconds, FORBIDDEN),
                lambda: world.end_time_slice(seconds),
            ]
            if world.running is not None and world.running.job_id is None:
                found.append(lambda: world.drop_unnamed(seconds))
            if until is not None:
                found.append(world.time_up)
            return found
        case _:
            return []


WORLDS = st.builds(
    World,
    duration=st.none() | st.floats(5, 4000),
    max_cost=st.none() | st.floats(0.02, 1),
    on_drop=st.sampled_from(["restart", "poll", "raise"]),
    cooldown=st.floats(0, 100),
    window=st.none() | st.just(600.0),
    wait_for_slot=st.none() | st.floats(0, 100),
    wait_for_stream=st.floats(0, 100),
    queues=st.booleans(),
)


@given(WORLDS, st.data())
def test_never_two_jobs_and_none_unowned_whatever_happens(world: World, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(0, 30))):
        if choices := outcomes(world, lambda limit: data.draw(st.floats(0, limit))):
            data.draw(st.sampled_from(choices))()
    world.close()
    assert all(job.ended_at is not None for job in world.jobs)
    if world.max_cost is not None:
        assert world.cost() <= world.max_cost + 1e-9
    assert_covered(world)
    assert_gaps_are_whole(world)


def assert_covered(world: World) -> None:
    """From the first job's start to the last one's, every second is watched or in a gap."""
    if not world.jobs:
        return
    spans = [(world.time(job.began_at), world.time(job.ended_at)) for job in world.jobs]
    spans += [(gap.started_at, gap.ended_at) for gap in world.gaps if gap.started_at and gap.ended_at]
    covered = world.time(world.jobs[0].began_at)
    for begin, end in sorted(spans):
        assert begin <= covered, f"nothing watched from {covered} to {begin}, and no gap says so"
        covered = max(covered, end)


def test_the_minutes_of_a_lost_job_count_for_as_long_as_it_was_seen_to_run() -> None:
    world = World(max_cost=1.0)
    world.grant()
    job = world.start(named=False)
    world.time_up()
    lost = unresolved()  # of a digest, which names no duration
    world.unresolved.append(lost)
    world.send(do.Dropped(interrupted(job, lost)))
    assert isinstance(world.command, do.End)
    assert world.policy.usage.minutes_billed == 50


def test_what_unresolved_creates_have_cost_stays_counted_after_the_end() -> None:
    world = World(on_drop="restart", max_cost=1.0)
    world.fail(unresolved(monitor_duration_seconds=600))
    world.send(do.NotFound())
    world.start()
    world.events(200)
    before = world.policy.usage
    world.close()
    assert world.policy.usage == before


# Leases of a pool of job slots


def test_a_lost_lease_ends_the_time_slice_and_the_watch_goes_on() -> None:
    world = World()
    world.start()
    world.end_time_slice(100, lost=True)
    world.stop()
    world.end(1, reason="cancelled")
    assert world.slot_commands == ["ReleaseSlot"]
    world.now += 7
    world.start()
    status, gap = world.emitted
    assert isinstance(status, StatusChanged)
    assert (status.reason, world.outcome) == ("turn_over", None)
    assert [gap] == world.gaps
    assert world.gaps[0].reason == "no_free_slot"


def test_a_job_cancelled_while_its_lease_is_lost_does_not_end_the_watch() -> None:
    world = World(queues=True)
    world.grant()
    world.start()
    world.is_slot_lost = True
    world.end(reason="cancelled")
    assert world.outcome is None
    assert world.slot_commands == ["ReleaseSlot"]
    assert world.command == do.Acquire()
    world.queue()
    world.grant(3)
    world.start()
    world.end(reason="cancelled")
    assert isinstance(world.outcome, Stopped), "this time the lease is held"


def test_no_job_is_created_without_a_lease() -> None:
    world = World(queues=True)
    world.grant()
    world.lose_slot()
    assert (world.slot_commands, world.jobs) == (["ReleaseSlot"], [])
    assert world.command == do.Acquire()
    world.queue()
    world.grant(2)
    world.start()
    assert [gap.reason for gap in world.gaps] == ["no_free_slot"]


def test_a_job_whose_lease_is_lost_but_that_cannot_be_stopped_is_kept_until_it_can() -> None:
    world = World()
    world.start()
    world.end_time_slice(lost=True)
    world.stop(confirmed=False)
    assert world.slot_commands == ["KeepSlot"]
    world.end_time_slice(5, lost=True)
    world.stop()
    world.end(1, reason="cancelled")
    assert (world.slot_commands, world.outcome) == (["KeepSlot", "ReleaseSlot"], None)
