"""One vocabulary of events, whether they came by stream, by webhook or through polling.

    from trio_client.events import Failed, Stopped, Triggered

    match event:
        case Triggered(explanation=why):
            print("It happened:", why)
        case Stopped(reason=reason):
            print("Ended:", reason)
        case Failed(message=message):
            print("Failed:", message)

The union is open: a name that this version does not know becomes an `UnknownEvent`, never an error.
"""

from ._delivery import Delivery
from ._normalise import from_dict, from_payload, from_sse
from ._types import (
    CoverageGap,
    Event,
    Failed,
    Progress,
    Started,
    StatusChanged,
    Stopped,
    Summary,
    Triggered,
    UnknownEvent,
)

__all__ = [
    "CoverageGap",
    "Delivery",
    "Event",
    "Failed",
    "Progress",
    "Started",
    "StatusChanged",
    "Stopped",
    "Summary",
    "Triggered",
    "UnknownEvent",
    "from_dict",
    "from_payload",
    "from_sse",
]
