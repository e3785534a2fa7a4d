"""What a call, a line of the log or a warning is about: a camera, its target and its job."""

from __future__ import annotations

from dataclasses import dataclass

from .._redaction import mask, shown

__all__ = ["Subject"]


@dataclass(slots=True)
class Subject:
    """What a transport's calls are about, as far as it is known.

    Attributes:
        stream_url: the address of the stream, masked.
        target: the `key` of the `Target`, if it has one.
        job_id: the id of the job.
    """

    stream_url: str | None = None
    target: str | None = None
    job_id: str | None = None

    def watches(self, stream_url: object) -> None:
        """Note the address of the stream."""
        self.stream_url = mask(stream_url, is_url=True) if isinstance(stream_url, str) else None

    def named_in(self, text: str) -> str:
        """Return a text with what it is about, unless it says so itself."""
        parts = [
            f"{name} {shown(value)}"
            for name, value in (("job", self.job_id), ("stream", self.stream_url), ("target", self.target))
            if value is not None and value not in text
        ]
        return f"{text} ({', '.join(parts)})" if parts else text
