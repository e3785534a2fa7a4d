"""What a lost create may have made, and which job in the list is whose."""

from __future__ import annotations

import gc
import pickle
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from trio_client import errors
from trio_client._core.endpoints import create_live_digest, create_live_monitor
from trio_client._core.ownership import (
    Candidate,
    CreateRecord,
    CreateState,
    Intent,
    Ledger,
    MadeBetween,
    PageTimes,
    candidate,
    fits,
    is_ambiguous,
    lookup_waits,
    outcome_unknown,
    server_time,
    with_tag,
)
from trio_client.models import Job, JobDetail

SENT = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
PAGE_TIMES = PageTimes(SENT + timedelta(seconds=10), asked=10.0, received=10.0)
MADE_BETWEEN = MadeBetween(SENT, SENT + timedelta(seconds=10))
BODY = {"stream_url": "rtsp://cam/1", "condition": "a van", "interval_seconds": 30}
INTENT = Intent("/live-monitor", BODY, planned_at=SENT)
DIGEST = Intent("/live-digest", {"stream_url": "rtsp://cam/1"}, planned_at=SENT)


def candidate_of(job_id: str) -> Candidate:
    return Candidate(item(job_id=job_id), timed=True)


def item(**changes: Any) -> Job:
    values = {
        "job_id": "a",
        "stream_url": "rtsp://cam/1",
        "job_type": "live-monitor",
        "created_at": "2026-03-01T12:00:01Z",
    }
    return Job.model_validate({**values, **changes})


def test_the_job_that_was_made_is_a_candidate() -> None:
    assert candidate(item(), INTENT, MADE_BETWEEN) == Candidate(item(), timed=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"stream_url": "rtsp://cam/2"},
        {"stream_url": "rtsp://cam/1/"},
        {"stream_url": None},
        {"job_type": "live-digest"},
        {"job_type": "something-new"},
        {"created_at": "2026-03-01T11:59:54.9Z"},
        {"created_at": "2026-03-01T12:00:15.1Z"},
        {"created_at": "2025-03-01T12:00:01Z"},
        {"created_at": "2025-03-01T12:00:01"},
    ],
)
def test_a_job_that_differs_in_what_the_list_shows_is_no_candidate(changes: dict[str, Any]) -> None:
    assert candidate(item(**changes), INTENT, MADE_BETWEEN) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"job_type": None},
        {"created_at": "2026-03-01T11:59:55Z"},
        {"created_at": "2026-03-01T12:00:15Z"},
        {"created_at": "2026-03-01T13:00:01+01:00"},
        {"created_at": "2026-03-01 20:00:01+08"},
        {"created_at": "20260301t120001z"},
        {"created_at": str(int(SENT.timestamp()))},
        {"created_at": str(int(SENT.timestamp()) * 1000)},
        {"status": "failed"},
    ],
)
def test_a_missing_type_and_a_small_clock_skew_rule_nothing_out(changes: dict[str, Any]) -> None:
    found = candidate(item(**changes), INTENT, MADE_BETWEEN)
    assert found is not None
    assert found.timed


@pytest.mark.parametrize("created_at", [None, "", "just now", "2026-03-01 12:00:01", "2026-03-01T20:00:01"])
def test_a_job_whose_time_is_not_certain_is_a_candidate_that_is_never_taken(created_at: str | None) -> None:
    found = candidate(item(created_at=created_at), INTENT, MADE_BETWEEN)
    assert found is not None
    assert not found.timed
    ledger = Ledger()
    record = ledger.plan(INTENT)
    assert (ledger.adopt(record, [found]), ledger.claim(record, [found])) == (None, None)
    assert ledger.adopt(record, [found, candidate_of("b")]) is None


def test_without_the_servers_time_every_job_of_the_stream_is_a_candidate_that_is_never_taken() -> None:
    assert candidate(item(), INTENT, None) == Candidate(item(), timed=False)
    assert candidate(item(stream_url="rtsp://cam/2"), INTENT, None) is None


class TestMadeBetween:
    """When a create's job was made, on the server's clock: what this machine's clock says has no part in it."""

    def test_it_begins_when_the_create_was_sent_and_ends_when_it_was_resolved(self) -> None:
        date = SENT + timedelta(days=3)  # the server is days ahead
        made_between = MadeBetween.on(PageTimes(date, asked=1020.0, received=1021.0), sent=1000.0, made_by=1015.0)
        assert made_between == MadeBetween(date - timedelta(seconds=21), date + timedelta(seconds=2 - 5))

    @pytest.mark.parametrize("made_by", [None, 1040.0])
    def test_it_ends_with_the_list_if_the_job_may_still_be_made(self, made_by: float | None) -> None:
        made_between = MadeBetween.on(PageTimes(SENT, asked=1020.0, received=1020.0), sent=1000.0, made_by=made_by)
        assert made_between == MadeBetween(SENT - timedelta(seconds=20), SENT + timedelta(seconds=2))

    def test_a_list_without_a_date_gives_none(self) -> None:
        assert MadeBetween.on(PageTimes(None, asked=1020.0, received=1020.0), sent=1000.0, made_by=None) is None


def test_a_digest_is_looked_up_among_digests() -> None:
    assert ("live-monitor", "live-digest") == (INTENT.job_type, DIGEST.job_type)
    assert candidate(item(job_type="live-digest"), DIGEST, MADE_BETWEEN)
    assert not candidate(item(job_type="live-monitor"), DIGEST, MADE_BETWEEN)


def detail(config: dict[str, Any] | None, **more: Any) -> JobDetail:
    return JobDetail.model_validate({"job_id": "a", "config": config, **more})


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"condition": "a van", "interval_seconds": 30}, True),
        ({"condition": "a van", "interval_seconds": 30, "model": "m", "max_triggers": 1, "webhook_url": None}, True),
        ({"condition": "a van"}, True),
        ({}, True),
        (None, True),
        ({"condition": "a car", "interval_seconds": 30}, False),
        ({"condition": "a van", "interval_seconds": 10}, False),
        ({"condition": None}, False),
        ({"condition": "a van", "interval_seconds": 30, "webhook_url": "https://other.example"}, False),
    ],
)
def test_the_settings_a_job_shows_must_be_those_that_were_sent(config: dict[str, Any] | None, expected: bool) -> None:
    assert expected is fits(detail(config), INTENT)


@pytest.mark.parametrize(
    ("sent", "shown", "expected"), [(None, None, True), (None, 1, False), (3, None, False), (3, 3, True)]
)
def test_unlimited_is_not_the_same_as_a_number(sent: int | None, shown: int | None, expected: bool) -> None:
    intent = Intent("/live-monitor", {**BODY, "max_triggers": sent})
    assert expected is fits(detail({"max_triggers": shown}), intent)


def test_settings_are_found_in_the_older_details_too() -> None:
    assert not fits(detail(None, details={"condition": "a car"}), INTENT)
    assert fits(detail(None, details={"condition": "a van", "checks_performed": 1}), INTENT)


def test_a_tag_in_the_webhook_url_distinguishes_two_equal_jobs() -> None:
    tagged = Intent("/live-monitor", {**BODY, "webhook_url": "https://h.example/x?client_ref=1"})
    assert fits(detail({"webhook_url": "https://h.example/x?client_ref=1"}), tagged)
    assert not fits(detail({"webhook_url": "https://h.example/x?client_ref=2"}), tagged)


@pytest.mark.parametrize(
    ("url", "tagged"),
    [
        ("https://h.example/x", "https://h.example/x?client_ref=r-1"),
        ("https://h.example", "https://h.example?client_ref=r-1"),
        ("https://h.example/x?a=1&b=%20c+d&flag", "https://h.example/x?a=1&b=%20c+d&flag&client_ref=r-1"),
        ("https://h.example/x?sig=a%2Fb==#part", "https://h.example/x?sig=a%2Fb==&client_ref=r-1#part"),
    ],
)
def test_the_tag_joins_the_query_and_changes_nothing_else(url: str, tagged: str) -> None:
    call = create_live_digest({"stream_url": "rtsp://cam/1", "webhook_url": url})
    found = with_tag(call, "r-1")
    assert {**call.body, "webhook_url": tagged} == found.body
    assert url == call.body["webhook_url"]


def test_a_tag_without_a_webhook_url_is_refused() -> None:
    with pytest.raises(errors.RequestValidationError, match="needs a webhook_url") as caught:
        with_tag(create_live_monitor({"stream_url": "rtsp://cam/1", "condition": "x"}), "r-1")
    assert "tag_webhook_url" == caught.value.field


@pytest.mark.parametrize(
    ("seconds", "waits"),
    [
        (15.0, [0, 0.5, 0.5, 1, 2, 4, 7]),
        (8.0, [0, 0.5, 0.5, 1, 2, 4]),
        (0.3, [0, 0.3]),
        (0.0, [0]),
    ],
)
def test_the_first_lookup_is_immediate_and_the_pauses_grow(seconds: float, waits: list[float]) -> None:
    assert waits == list(lookup_waits(seconds))


@given(st.floats(0, 10_000))
def test_the_waits_add_up_to_the_time_in_few_lookups(seconds: float) -> None:
    waits = list(lookup_waits(seconds))
    assert seconds == pytest.approx(sum(waits))
    assert len(waits) < 20
    assert 0 <= min(waits)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.APIConnectionError("reset", request_sent=True), True),
        (errors.APIConnectionError("?", request_sent=None), True),
        (errors.ServerError("m", status_code=500), True),
        (errors.APIStatusError("moved", status_code=307), True),
        (errors.ResponseValidationError("no job_id", status_code=200), True),
        (errors.APIConnectionError("refused", request_sent=False), False),
        (errors.RateLimitError("m", status_code=429), False),
        (errors.AuthenticationError("m", status_code=401), False),
        (errors.MaxJobsReachedError("m", status_code=503), False),
        (errors.RequestValidationError("m"), False),
    ],
)
def test_only_an_ambiguous_failure_may_have_made_a_job(error: errors.TrioError, expected: bool) -> None:
    assert expected is is_ambiguous(error)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"date": "Sun, 01 Mar 2026 12:00:00 GMT"}, SENT),
        ({"date": "Fri, 31 Dec 9999 23:59:59 GMT"}, None),
        ({"date": "noon"}, None),
        ({}, None),
        ({"date": "Sun, 01 Mar 2026 12:00:00 GMT", "age": "0"}, SENT),
        ({"date": "Sun, 01 Mar 2026 12:00:00 GMT", "age": "600"}, None),
    ],
)
def test_the_servers_time_is_that_of_its_reply(headers: dict[str, str], expected: datetime | None) -> None:
    assert expected == server_time(headers)


def test_the_error_names_what_is_known_and_hides_the_camera_password() -> None:
    cause = errors.APIConnectionError("reset by rtsp://user:hunter2@cam/1", request_sent=True)
    cause.attempts = 2
    intent = Intent("/live-monitor", {"stream_url": "rtsp://user:hunter2@cam/1"}, reference="ref", planned_at=SENT)
    error = outcome_unknown(intent, cause, [Job(job_id="a"), Job(job_id="b")], sent_at=SENT, made_before=SENT)
    assert ("ref", "/live-monitor", SENT, 2) == (error.reference, error.path, error.sent_at, error.attempts)
    assert ["a", "b"] == [job.job_id for job in error.candidates]
    for words in ("2 jobs", "(a, b)", "not sent again", "jobs.reconcile(error)", "jobs.cancel(job_id)"):
        assert words in str(error)
    assert "hunter2" not in str(error) + repr(error)


def test_no_candidate_is_no_proof_that_there_is_no_job() -> None:
    error = outcome_unknown(INTENT, errors.ServerError("m", status_code=500), [])
    assert "does not prove that there is none" in str(error)
    assert "may be running and billed" in str(error)


def test_each_intent_has_a_reference_of_its_own() -> None:
    assert 100 == len({Intent("/live-monitor", BODY).reference for _ in range(100)})


class TestLedger:
    """One create after another, by hand: what each rule is for."""

    now = 0.0

    @pytest.fixture
    def ledger(self) -> Ledger:
        return Ledger(clock=lambda: self.now)

    def sent(self, ledger: Ledger, intent: Intent = INTENT, now: float = 0.0) -> CreateRecord:
        self.now = now
        record = ledger.plan(replace(intent, reference=f"ref-{now}"))
        ledger.sent(record)
        return record

    def unresolved(self, ledger: Ledger, intent: Intent = INTENT, now: float = 0.0) -> CreateRecord:
        record = self.sent(ledger, intent, now)
        ledger.unresolved(record, within=15)
        return record

    def running(self, ledger: Ledger, job_id: str | None = None, now: float = 0.0) -> CreateRecord:
        record = self.sent(ledger, now=now)
        ledger.running(record, job_id)
        return record

    def adopt(self, ledger: Ledger, record: CreateRecord, *found: str) -> str | None:
        return ledger.adopt(record, list(map(candidate_of, found)))

    def claim(self, ledger: Ledger, record: CreateRecord, *found: str) -> str | None:
        return ledger.claim(record, list(map(candidate_of, found)))

    def test_the_only_job_that_fits_is_adopted_once(self, ledger: Ledger) -> None:
        first, second = self.unresolved(ledger), self.unresolved(ledger)
        assert self.adopt(ledger, first, "a") == "a"
        assert self.adopt(ledger, first, "a") == "a"
        assert self.adopt(ledger, second, "a") is None

    def test_several_jobs_that_fit_are_a_guess(self, ledger: Ledger) -> None:
        assert self.adopt(ledger, self.unresolved(ledger), "a", "b") is None

    def test_the_job_of_another_create_is_no_candidate(self, ledger: Ledger) -> None:
        running, lost = self.running(ledger, "a"), self.unresolved(ledger)
        assert ledger.candidates(lost, [item(job_id="a")], PAGE_TIMES) == []
        assert ledger.candidates(running, [item(job_id="a")], PAGE_TIMES) == [candidate_of("a")]
        ledger.ended(running, CreateState.STOPPED)
        assert ledger.candidates(lost, [item(job_id="a")], PAGE_TIMES) == []

    @pytest.mark.parametrize("other", ["sent", "running"])
    def test_nothing_is_taken_while_an_identical_request_may_name_it(self, ledger: Ledger, other: str) -> None:
        lost, open_one = self.unresolved(ledger), getattr(self, other)(ledger)
        assert ledger.is_contested(lost)
        assert (self.adopt(ledger, lost, "a"), self.claim(ledger, lost, "a")) == (None, None)
        ledger.running(open_one, "b")
        assert self.adopt(ledger, lost, "a") == "a"

    def test_a_different_request_contests_nothing(self, ledger: Ledger) -> None:
        self.sent(ledger, DIGEST)
        assert self.adopt(ledger, self.unresolved(ledger), "a") == "a"

    def test_an_identical_request_of_another_time_contests_nothing(self, ledger: Ledger) -> None:
        self.running(ledger, now=0)
        assert self.adopt(ledger, self.unresolved(ledger, now=100), "a") == "a"

    def test_identical_requests_that_are_stopped_together_get_one_job_each(self, ledger: Ledger) -> None:
        first, second = self.running(ledger), self.running(ledger)
        ledger.stopping(first, True)
        assert self.claim(ledger, first, "a", "b") is None  # one is that of the other stream
        ledger.stopping(second, True)
        assert self.claim(ledger, first, "a", "b", "c") is None  # one is that of another program
        assert [self.claim(ledger, record, "a", "b") for record in (first, second)] == ["a", "b"]

    def test_a_refused_create_is_dropped(self, ledger: Ledger) -> None:
        ledger.forget(self.sent(ledger))
        assert len(ledger) == 0

    def test_an_error_leads_to_its_create(self, ledger: Ledger) -> None:
        record = self.unresolved(ledger)
        error = outcome_unknown(record.intent, errors.ServerError("m", status_code=500), [])
        ledger.reported(record, error)
        assert ledger.reopen(pickle.loads(pickle.dumps(error))) is record

    def test_an_error_of_another_process_gets_a_record_when_its_job_is_adopted(self, ledger: Ledger) -> None:
        error = outcome_unknown(INTENT, errors.ServerError("m", status_code=500), [])
        record = ledger.reopen(error)
        assert (record.is_unresolved, len(ledger)) == (True, 0)
        assert self.adopt(ledger, record, "a") == "a"
        assert self.adopt(ledger, self.unresolved(ledger), "a") is None

    def test_ten_thousand_creates_leave_few_records(self, ledger: Ledger) -> None:
        for number in range(10_000):
            record = self.running(ledger, str(number), now=number)
            ledger.ended(record, CreateState.STOPPED)
        assert len(ledger) < 100

    def test_an_unresolved_create_is_kept_for_as_long_as_its_error(self, ledger: Ledger) -> None:
        lost, running = self.unresolved(ledger), self.running(ledger, "a")
        error = outcome_unknown(lost.intent, errors.ServerError("m", status_code=500), [])
        ledger.reported(lost, error)
        for number in range(1000, 1100):
            self.running(ledger, str(number), now=number)
        assert (lost in ledger, running in ledger) == (True, True)
        del error
        gc.collect()
        for number in range(1100, 1200):
            self.running(ledger, str(number), now=number)
        assert (lost in ledger, running in ledger) == (False, False)


REQUESTS = [INTENT, Intent("/live-monitor", {**BODY, "condition": "a car"})]


class Creates(RuleBasedStateMachine):
    """Creates of equal and of different requests, in any order, with a server that loses replies.

    The list is complete, and what else is on the account was made with other settings or before.
    """

    records = Bundle("records")

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(clock=lambda: self.now, few=1)
        self.now = 0.0
        self.made: dict[str, CreateRecord | None] = {}  # what the server knows: its jobs, and who made them
        self.jobs: dict[str, tuple[Job, Intent]] = {}
        self.all: list[CreateRecord] = []
        self.errors: list[errors.CreateOutcomeUnknownError] = []

    @property
    def time(self) -> datetime:
        return SENT + timedelta(seconds=self.now)

    def make(self, record: CreateRecord | None, intent: Intent) -> str:
        job_id = f"job-{len(self.made)}"
        self.made[job_id] = record
        self.jobs[job_id] = (item(job_id=job_id, created_at=self.time.isoformat()), intent)
        return job_id

    def job_of(self, record: CreateRecord) -> str | None:
        return next((job_id for job_id, maker in self.made.items() if maker is record), None)

    @property
    def times(self) -> PageTimes:
        return PageTimes(self.time, self.now, self.now)

    def lookup(self, record: CreateRecord) -> list[Candidate]:
        """What a complete list, and the settings of each job, show."""
        found = self.ledger.candidates(record, [job for job, _ in self.jobs.values()], self.times)
        return [each for each in found if self.jobs[each.job.job_id][1].equals(record.intent)]

    @rule(seconds=st.sampled_from([0.1, 3.0, 12.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(intent=st.sampled_from(REQUESTS))
    def another_program_makes_a_job_of_its_own(self, intent: Intent) -> None:
        self.make(None, replace(intent, body={**intent.body, "interval_seconds": 7}))

    @rule(target=records, intent=st.sampled_from(REQUESTS))
    def send(self, intent: Intent) -> CreateRecord:
        record = self.ledger.plan(replace(intent, reference=str(len(self.all))))
        self.ledger.sent(record)
        self.all.append(record)
        self.check_dropped()
        return record

    @rule(record=records)
    def the_server_makes_the_job(self, record: CreateRecord) -> None:
        late = record.is_unresolved and record.made_by is not None and self.now <= record.made_by
        if self.job_of(record) is None and (record.state is CreateState.SENT or late):
            self.make(record, record.intent)

    @rule(record=records)
    def the_reply_comes(self, record: CreateRecord) -> None:
        if record.state is CreateState.SENT:
            job_id = self.job_of(record)
            if job_id is None:
                self.ledger.forget(record)
                record.state = CreateState.ENDED
            else:
                self.ledger.running(record, job_id)

    @rule(record=records)
    def a_stream_begins(self, record: CreateRecord) -> None:
        if record.state is CreateState.SENT and self.job_of(record) is not None:
            self.ledger.running(record)

    @rule(record=records)
    def the_stream_names_the_job(self, record: CreateRecord) -> None:
        job_id = self.job_of(record)
        if record.state is CreateState.RUNNING and record.job_id is None and not record.stopping and job_id is not None:
            self.ledger.running(record, job_id)

    @rule(record=records)
    def the_reply_is_lost(self, record: CreateRecord) -> None:
        if record.state is CreateState.SENT:
            self.ledger.unresolved(record, within=15)

    @rule(record=records)
    def the_create_is_looked_up(self, record: CreateRecord) -> None:
        if record.is_unresolved and record in self.ledger:
            job_id = self.ledger.adopt(record, self.lookup(record))
            self.check_taken(record, job_id)
            if job_id is None:
                error = outcome_unknown(record.intent, errors.ServerError("m", status_code=500), [])
                self.errors.append(error)
                self.ledger.reported(record, error)

    @rule(record=records)
    def the_job_is_to_be_stopped(self, record: CreateRecord) -> None:
        if record in self.ledger and record.job_id is None and record.state is not CreateState.SENT:
            self.ledger.stopping(record, True)

    @rule(record=records)
    def the_stop_searches_for_the_job(self, record: CreateRecord) -> None:
        if record in self.ledger and record.stopping and record.job_id is None:
            self.check_taken(record, self.ledger.claim(record, self.lookup(record)))

    @rule()
    def the_errors_are_forgotten(self) -> None:
        self.errors.clear()

    def check_taken(self, record: CreateRecord, job_id: str | None) -> None:
        """It made the job itself, or an identical request did whose job no reply or stream will name any more."""
        if job_id is None:
            return
        maker = self.made[job_id]
        assert maker is not None
        assert maker is record or maker.is_unresolved or maker.stopping or maker.job_id not in (None, job_id)
        assert maker.intent.equals(record.intent)

    def check_dropped(self) -> None:
        for record in self.all:
            if record in self.ledger:
                continue
            job_id = self.job_of(record)
            for other in self.all:
                if job_id is not None and other in self.ledger and other.may_be_looked_up:
                    assert self.ledger.candidates(other, [self.jobs[job_id][0]], self.times) == []

    @invariant()
    def no_job_belongs_to_two(self) -> None:
        ids = [record.job_id for record in self.all if record.job_id is not None]
        assert len(ids) == len(set(ids))


TestCreatesInAnyOrder = Creates.TestCase
TestCreatesInAnyOrder.settings = hypothesis.settings(max_examples=200, stateful_step_count=40)
