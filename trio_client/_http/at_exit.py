"""Stop a job when nothing of its client is left: no stream, no event loop."""

from __future__ import annotations

from collections.abc import Callable

from .._core.call import prepare
from .._core.config import Settings, Timeout
from .._core.endpoints import cancel_job
from ..errors import TrioError

__all__ = ["stopper"]


def stopper(settings: Settings) -> Callable[[str, float], bool]:
    """Return a function that stops a job by its id within so many seconds, and says whether that is certain."""

    def stop(job_id: str, seconds: float) -> bool:
        from ._sync.sender import Sender

        sender = Sender(
            settings.base_url,
            settings.key,
            trust_env=settings.trust_env,
            max_body_bytes=settings.max_body_bytes,
            http_client=None,
        )
        try:
            reply = sender.send(prepare(cancel_job(job_id), settings, None), Timeout.of(seconds), seconds)
        except TrioError:
            return False
        finally:
            sender.close()
        return 200 <= reply.status < 300 or reply.status == 404

    return stop
