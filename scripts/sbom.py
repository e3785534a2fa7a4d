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
        python = Path(home) / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
        extras = ".[aiohttp,cli,mcp,otel,redis,stub]"
        install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", extras]
        subprocess.run(install, cwd=ROOT, check=True)
        tool = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--pyproject"]
        subprocess.run([*tool, "pyproject.toml", "--output-file", str(output), str(python)], cwd=ROOT, check=True)
    print(f"{output} is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
