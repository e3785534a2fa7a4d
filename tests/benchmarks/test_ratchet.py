"""The ratchet fails on what is not within the margin of what is written, and says which figure it is."""

from __future__ import annotations

import pytest

from benchmarks.ratchet import differences


@pytest.mark.parametrize("figure", [90, 100, 110])
def test_a_figure_within_the_margin_passes(figure: int) -> None:
    assert differences({"a call": figure}, {"a call": 100}, 0.10) == []


def test_a_figure_above_the_margin_is_named_with_what_is_allowed() -> None:
    assert differences({"a call": 111, "a page": 5}, {"a call": 100, "a page": 5}, 0.10) == [
        "a call: 111 is more than allowed, 90 to 110 (100 written)"
    ]


def test_a_gain_is_to_be_written_down() -> None:
    assert differences({"a call": 89}, {"a call": 100}, 0.10) == [
        "a call: 89 is fewer than allowed, 90 to 110 (100 written)"
    ]


@pytest.mark.parametrize("figure", [1, 3])
def test_a_small_figure_has_no_margin(figure: int) -> None:
    assert len(differences({"modules": figure}, {"modules": 2}, 0.10)) == 1


def test_a_measure_without_a_figure_fails_and_so_does_a_figure_without_a_measure() -> None:
    assert differences({"a call": 100}, {"a page": 5}, 0.10) == [
        "a call: 100, and nothing is written of it",
        "a page: written, and not counted any more",
    ]
