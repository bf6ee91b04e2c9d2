"""The Pico's drivers against the types of MicroPython's own modules on a Pico W (micropython-rp2-rpi-pico-w-stubs)."""

import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTIONS = ("micropython-stdlib-stubs", "micropython-rp2-rpi-pico-w-stubs")
# The type stubs stand in for the standard library too, so they are laid out as mypy wants a typeshed.
CONFIG = """
[mypy]
python_version = 3.11
mypy_path = {typings}
custom_typeshed_dir = {typings}
explicit_package_bases = true
follow_imports = silent
check_untyped_defs = true
"""
WRONG = """
import rp2
from machine import WDT, Pin

Pin(3).frobnicate()
WDT(time_out=3)
rp2.StateMachine(0).puts(1)
"""


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    """Run mypy on files; return its lines about them."""
    typings = tmp_path_factory.mktemp("typings")
    for name in DISTRIBUTIONS:
        files = metadata.files(name)
        assert files, f"{name} is missing: install the project's dev extra"
        for file in files:
            if file.suffix == ".pyi" or file.name == "VERSIONS":
                target = typings / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file.locate(), target)
    config = typings / "mypy.ini"
    config.write_text(CONFIG.format(typings=typings), encoding="utf-8")

    def run(*paths, root):
        command = [sys.executable, "-m", "mypy", "--config-file", config, "--cache-dir", typings / "cache", *paths]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        assert "error: " in done.stdout or "Success" in done.stdout, done.stdout + done.stderr
        return [line for line in done.stdout.splitlines() if line.startswith(paths) and "error: " in line]

    return run


def test_the_drivers_call_what_is_there(check):
    assert check("hal/pico", root=ROOT) == []


def test_the_check_finds_what_is_not(check, tmp_path):
    (tmp_path / "wrong.py").write_text(WRONG, encoding="utf-8")
    assert len(check("wrong.py", root=tmp_path)) == 3
