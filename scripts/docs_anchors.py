"""Give the headings of the built reference the anchors that users type: `jobs.cancel`, `live_monitor.watch`.

The documentation tool names a heading by the module that holds the object. Links in pages use the short anchors; the
check of links runs over the built pages, after this.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

_SERVICES = ("LiveMonitor", "LiveDigest", "Jobs", "Streams", "OsapiJobs")
_SERVICE = re.compile(rf"^trio_client\._(?:sync|async)\.\w+\.(?:Async)?(?:{'|'.join(_SERVICES)})(?=\.|$)")
_ANCHOR = re.compile(r'(?:(?<=\bid=")|(?<=#))trio_client\.[\w.]+(?=["\\])')
_TITLE = re.compile(r'(?<=\btitle=")(?:\w+ \()?(trio_client\.[\w.]+)\)?(?=")')
_NAME = r'<span class="doc doc-object-name doc-function-name">'
_CALLABLE = re.compile(rf'(<h\d id="([\w.]+)"(?:(?!</h\d>).)*?{_NAME})\w+(</span>)', re.DOTALL)


def short(identifier: str) -> str:
    """Return what a user types for the full name of an object."""
    service = _SERVICE.match(identifier)
    if service is not None:
        noun = identifier.split(".")[2].replace("osapi_jobs", "jobs")
        return noun + identifier[service.end() :]
    parts = identifier.replace("_types._BaseEvent", "Event").split(".")[1:]
    if parts[0] in ("TrioClient", "AsyncTrioClient") and len(parts) > 1:
        return ".".join(parts[1:])
    kind = next((place for place, part in enumerate(parts) if part[:1].isupper()), None)
    if kind is None:  # a function, which is called by its module's name
        return ".".join(parts[-2:])
    return ".".join(parts[kind - 1 if parts[kind] == "WebhookApp" else kind :])


def shorten(site: Path) -> None:
    """Rewrite the anchors of every page, what leads to them, and the titles that the search shows."""
    for path in sorted(site.rglob("*.html")):
        text = _ANCHOR.sub(lambda found: short(found[0]), path.read_text("utf-8"))
        text = _TITLE.sub(lambda found: short(found[1]), text)
        text = _CALLABLE.sub(r"\1\2\3", text.replace("_BaseEvent", "Event"))
        path.write_text(text, "utf-8")
    index = site / "search" / "search_index.json"
    found = json.loads(_ANCHOR.sub(lambda found: short(found[0]), index.read_text("utf-8")))
    for entry in found["docs"]:
        _, _, anchor = entry["location"].partition("#")
        if "." in anchor and re.sub(r"<[^>]*>", "", entry["title"]).strip() == anchor.rpartition(".")[2]:
            entry["title"] = anchor
            if anchor[0].islower():  # jobs.cancel is to be found before jobs.cancel_all, and before CancelReport
                entry["boost"] = entry.get("boost", 1) * 3 / len(re.split(r"[._]", anchor))
    index.write_text(
        json.dumps(found, ensure_ascii=False, separators=(",", ":")).replace("_BaseEvent", "Event"), "utf-8"
    )
