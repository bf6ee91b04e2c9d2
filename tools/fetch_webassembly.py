"""Brings what the home webassembly needs: `python -m tools.fetch_webassembly` (or `make webassembly`).

MicroPython's WebAssembly port through npm, into this Python's own environment; and Node with
its npm as a wheel, where there is none of OLDEST_NODE or newer. Nothing needs root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from simulator.homes import webassembly as home
from simulator.homes.base import HomeError


def _run(command: list[str], remedy: str) -> None:
    """Run a client; end with `remedy` where it fails."""
    print("+", " ".join(command), flush=True)
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"{Path(command[0]).name} failed; {remedy}")


def _have_node() -> str:
    """Path of Node; installs the wheel where there is none."""
    try:
        return home.node()
    except HomeError:
        pass
    other = f"install Node {home.OLDEST_NODE} or newer by other means, and run this again"
    try:
        project = tomllib.loads((home.mpy.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    except OSError:  # installed without its sources
        sys.exit(f"there is no Node of {home.OLDEST_NODE} or newer here; {other}")
    wanted = project["optional-dependencies"]["node"]
    _run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted], other)
    home.node.cache_clear()
    return home.node()


def _npm(node: str) -> list[str]:
    """Command that runs npm: what came with `node`, else the one on PATH."""
    root = Path(node).resolve().parents[1]
    script = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if script.is_file():
        return [node, str(script)]
    found = shutil.which("npm")
    if found is None:
        sys.exit("npm is not installed; install it beside Node (Debian: apt-get install npm), and run this again")
    return [found]


def fetch() -> None:
    """Install what is missing; a line at the end says what there is."""
    node = _have_node()
    if "KVO_NODE_MODULES" in os.environ:
        print(f"KVO_NODE_MODULES is set: nothing is installed there ({home.modules()})")
    else:
        prefix = home.modules().parent
        _run(
            [*_npm(node), "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error",
             f"--prefix={prefix}", home.WANTED],
            "is there a network, and does npm reach its registry?",
        )  # fmt: skip
    print(f"home webassembly: {home.port()}, by {node}")


if __name__ == "__main__":
    fetch()
