"""Lines of the log name what they are about, and stay one line each."""

from __future__ import annotations

import pytest

from trio_client._job_context import JobContext


def test_a_line_that_names_a_job_is_printable(caplog: pytest.LogCaptureFixture) -> None:
    JobContext(job_id="a1").log.warning("The stream was dropped (%s).", "gone\n2026 forged line \x1b]52;")
    assert caplog.messages == ["The stream was dropped (gone\\n2026 forged line \\x1b]52;) (job a1)."]
