"""What a client and its copies share: how long their stops may take, and what goes on after closing."""

from __future__ import annotations

import pytest

from trio_client._core.state import ClientState
from trio_client._time_source import RealTime
from trio_client.errors import ConfigurationError


class Time(RealTime):
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("left", "expected"), [(None, 10.0), (60.0, 10.0), (10.0, 10.0), (4.0, 4.0), (0.1, 0.5), (-5.0, 0.5)]
)
def test_a_stop_takes_less_while_the_client_is_being_closed_but_gets_a_moment(
    left: float | None, expected: float
) -> None:
    time = Time()
    state = ClientState(own_time=time, stop_until=None if left is None else time.now + left)
    assert state.stop_seconds(10.0) == expected


def test_cleaning_up_goes_on_after_closing_with_the_same_records_and_retries_of_its_own() -> None:
    state = ClientState(own_time=Time(), closed=True)
    with pytest.raises(ConfigurationError):
        state.check_open()
    cleaning = state.for_cleanup()
    cleaning.check_open()
    assert (cleaning.cleaning, cleaning.ledger, cleaning.time) == (True, state.ledger, state.time)
    assert cleaning.quota is not state.quota
