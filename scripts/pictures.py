"""Make the pictures of the README and the landing page in docs/assets, from the real demo and the real stub server.

The demo's output becomes demo.svg by rich's own export; headless Chromium takes stub-page.png.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from trio_client.stub import Scene, StubServer

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "docs" / "assets"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
COLUMNS = 100
FONT_FACE = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)  # which loads the font from another host


def demo() -> None:
    """Run the demo as `make demo` does, and export what it prints."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    command = [sys.executable, "examples/demo.py"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(done.stdout.rstrip()))
    svg = console.export_svg(title="make demo", code_format=FONT_FACE.sub("", CONSOLE_SVG_FORMAT), unique_id="demo")
    (ASSETS / "demo.svg").write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", "utf-8")


def stub_page() -> None:
    """Start jobs on a stub server, and take a picture of its page."""
    program = next(path for path in map(shutil.which, BROWSERS) if path is not None)
    with StubServer(speed=0) as stub, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 530})
        page.goto(stub.url)
        with httpx.Client(base_url=stub.base_url, headers={"authorization": "Bearer any-key"}, trust_env=False) as api:
            for camera, condition, scene in (
                ("yard", "a person is in the yard", Scene(at=[15])),
                ("dock", "a pallet blocks the dock", Scene(holds=False)),
                ("door", "a person is at the door", Scene(at=[15, 38])),
                ("gate", "a van is at the gate", Scene(at=[38])),
            ):
                url = f"rtsp://{camera}.example/live"
                stub.scene(url, scene)
                api.post("/live-monitor", json={"stream_url": url, "condition": condition, "max_triggers": 3})
        stub.clock.advance(45)
        page.locator(".card").nth(3).wait_for()
        page.wait_for_function("[...document.querySelectorAll('.card img')].every(each => each.naturalWidth > 0)")
        page.screenshot(path=ASSETS / "stub-page.png")
        browser.close()
    if shutil.which("mogrify"):  # of ImageMagick: a palette makes it a third of the size
        subprocess.run(["mogrify", "-strip", "+dither", "-colors", "96", ASSETS / "stub-page.png"], check=True)


if __name__ == "__main__":
    demo()
    stub_page()
