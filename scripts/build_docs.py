"""Build the documentation into site/, strictly, and check every link in it; `--serve` shows it on this machine.

MkDocs reads build/docs: the pages of docs/, the examples, and the changelog as a page. Afterwards the anchors of the
reference are shortened.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from docs_anchors import shorten

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "build" / "docs"
SITE = ROOT / "site"
PORT = 8000
_FOREIGN = re.compile(r"""(?:url\(|@import\s|(?:xlink:)?href=)\s*["']?(?:https?:)?//[^"')\s]+""")
_OUTSIDE = re.compile(r"\]\((?:\.\./)+(examples/[^)#]+|CHANGELOG\.md)")


def main() -> int:
    gather()
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if code:
        return code
    shorten(SITE)
    problems = broken_links(SITE)
    for problem in problems:
        print(problem)
    if problems:
        return 1
    if "--serve" in sys.argv:
        serve()
    else:
        print("site/ written; `make docs-serve` shows it")
    return 0


def gather() -> None:
    """Put the pages, the examples and the changelog together; links between them lead to where they are then."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(ROOT / "docs", PAGES)
    for path in sorted((ROOT / "examples").rglob("*")):
        if path.suffix in (".py", ".ipynb", ".md", ".sh"):
            copy = PAGES / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    (PAGES / "changelog.md").write_text(f"---\nsearch:\n  boost: 0.2\n---\n\n{changelog}", "utf-8")
    for page in PAGES.rglob("*.md"):
        up = "../" * (len(page.relative_to(PAGES).parts) - 1)
        text = page.read_text("utf-8")
        page.write_text(
            _OUTSIDE.sub(lambda found, up=up: f"]({up}{found[1].replace('CHANGELOG', 'changelog')}", text), "utf-8"
        )


class _Links(HTMLParser):
    """Collects the links of a page, and the anchors that links may lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value is not None}
        self.anchors.update(given[name] for name in ("id", "name") if name in given)
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in ("img", "script", "iframe", "source", "video", "embed") and "src" in given:
            self.loaded.append(given["src"])
        elif tag == "link" and given.get("rel") not in ("canonical", "prev", "next") and "href" in given:
            self.loaded.append(given["href"])


def broken_links(site: Path) -> list[str]:
    """Return what the pages of a site link to and is not there, and what they load from another host."""
    pages: dict[Path, _Links] = {}
    for path in sorted(site.rglob("*.html")):
        pages[path.resolve()] = found = _Links()
        found.feed(path.read_text("utf-8"))
    problems = [
        f"{path.relative_to(site)} loads {found[0]}"
        for kind in ("*.css", "*.svg")
        for path in sorted(site.rglob(kind))
        for found in _FOREIGN.finditer(path.read_text("utf-8"))
    ]
    for path, found in pages.items():
        name = path.relative_to(site.resolve())
        if name.name == "404.html":  # whose links begin at the root of a server
            continue
        problems += [f"{name} loads {each} from another host" for each in found.loaded if urlsplit(each).netloc]
        for link in (*found.links, *found.loaded):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            if not target.exists():
                problems.append(f"{name} links to {link}, which is not there")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                problems.append(f"{name} links to {link}, which has no such anchor")
    return problems


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files, and prints no line for each."""

    def log_message(self, format: str, *args: object) -> None:
        """Leave the terminal to the address."""


def serve() -> None:
    """Show the site on this machine, as the search needs a server."""
    handler = partial(_Quiet, directory=str(SITE))
    with ThreadingHTTPServer(("127.0.0.1", PORT), handler) as server:
        print(f"the documentation is at http://127.0.0.1:{PORT}/ (Ctrl-C ends)", flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
