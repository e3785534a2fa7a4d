from __future__ import annotations

import httpx
import pytest

from trio_client.stub import StubServer


def test_the_newest_job_comes_first(stub: StubServer, client: httpx.Client) -> None:
    ids = stub.add_jobs(5)
    page = client.get("/jobs").json()
    assert [job["job_id"] for job in page["jobs"]] == ids[::-1]
    assert (page["total"], page["limit"], page["offset"]) == (5, 20, 0)
    created = [job["created_at"] for job in page["jobs"]]
    assert created == sorted(created, reverse=True)


def test_items_carry_their_counters_as_details(stub: StubServer, client: httpx.Client) -> None:
    stub.add_jobs(1, job_type="live-digest")
    stub.add_jobs(1, status="running")
    monitor, digest = client.get("/jobs").json()["jobs"]
    assert set(monitor) == {"job_id", "status", "job_type", "created_at", "stream_url", "details"}
    assert monitor["details"] == {"checks_performed": 0, "triggers_fired": 0, "frames_skipped": 0}
    assert digest["details"] == {"summaries_generated": 0}


def test_pages_meet_without_gap_or_overlap(stub: StubServer, client: httpx.Client) -> None:
    ids = stub.add_jobs(45)
    seen: list[str] = []
    for offset in range(0, 60, 20):
        page = client.get("/jobs", params={"limit": 20, "offset": offset}).json()
        assert page["total"] == 45
        seen += [job["job_id"] for job in page["jobs"]]
    assert seen == ids[::-1]
    assert client.get("/jobs?offset=1000").json()["jobs"] == []


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("status=running", 3),
        ("status=completed", 4),
        ("type=live-digest", 4),
        ("status=running&type=live-monitor", 3),
        ("status=running&type=live-digest", 0),
        ("", 7),
    ],
)
def test_the_total_counts_what_the_filter_matches(
    stub: StubServer, client: httpx.Client, query: str, total: int
) -> None:
    stub.add_jobs(3, status="running")
    stub.add_jobs(4, job_type="live-digest")
    page = client.get(f"/jobs?limit=2&{query}").json()
    assert (page["total"], len(page["jobs"]), page["limit"]) == (total, min(2, total), 2)


def test_a_page_has_at_most_a_thousand_jobs(stub: StubServer, client: httpx.Client) -> None:
    stub.add_jobs(1500)
    page = client.get("/jobs?limit=5000").json()
    assert (len(page["jobs"]), page["limit"], page["total"]) == (1000, 1000, 1500)


def test_added_jobs_do_not_change_until_they_are_cancelled(stub: StubServer, client: httpx.Client) -> None:
    (job_id,) = stub.add_jobs(1, status="running")
    stub.clock.advance(10_000)
    assert stub.job(job_id).status == "running"
    client.delete(f"/jobs/{job_id}")
    assert (stub.job(job_id).status, stub.running_jobs) == ("stopped", 0)
