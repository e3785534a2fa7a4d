# Generated from openapi/osapi.yaml by `make models`. Do not edit.
# ruff: noqa: E501, RUF012

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from trio_client.models._base import RequestModel

OsapiStatusFilter: TypeAlias = Literal["submitted", "processing", "completed", "failed", "partial_failure"]
"""What jobs can be filtered by. A job can also be `skipped`, which is no filter."""


class OsapiRetryRequest(RequestModel):
    """Request to do the work of a job again."""

    target_hostname: Annotated[str | None, Field(min_length=1)] = None
    """
    Who does it: every agent for `_all`, for `_any` and if it is left out; one agent for its machine id; those
    with a label for `key:value`. A host name is accepted, but no agent takes the job: it stays `submitted`.
    """
