"""Write the bill of materials (CycloneDX) of an installation with all extras into dist/sbom.cdx.json."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "dist" / "sbom.cdx.json"


def main() -> int:
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:  # so that it names what users install, and no development tool
        users = environment(Path(home, "users"), ".[aiohttp,cli,mcp,otel,redis,stub]")
        tool = environment(Path(home, "tool"), "--group", "sbom")
        write = ["-m", "cyclonedx_py", "environment", "--output-reproducible", "--pyproject", "pyproject.toml"]
        subprocess.run([str(tool), *write, "--output-file", str(output.resolve()), str(users)], cwd=ROOT, check=True)
    print(f"{output} is written")
    return 0


def environment(home: Path, *install: str) -> Path:
    """Return the Python of a new environment with what pip is asked to install."""
    python = home / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, *install], cwd=ROOT, check=True)
    return python


if __name__ == "__main__":
    sys.exit(main())
