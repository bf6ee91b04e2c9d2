"""Lint, types and import contracts hold over the whole tree."""

import os
import shutil
import subprocess
import sys

import pytest

from tools.check_portable import ROOT

# import-linter has no `python -m`; its command is this function.
CONTRACTS = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


BREACHES = {
    "firmware/therapy/breach.py": ("import firmware.app\n", "Therapy knows nothing"),
    "firmware/update/breach.py": ("import firmware.therapy.heads\n", "Updates stand on trust"),
    "firmware/trust/breach.py": ("import firmware.update.suit\n", "Trust and comms know nothing"),
    "firmware/breach.py": ("import hal.lockstep.board\n", "The firmware sees of the board"),
    "hal/breach.py": ("import firmware.therapy.heads\n", "Five floors"),
    "hal/lockstep/breach.py": ("import hal.host.clock\n", "No board knows another"),
    "hal/host/breach.py": ("import yaml\n", "No package of the host's"),
    "scenarios/breach.py": ("import firmware.app\n", "Scenarios speak"),
}


def _run(*arguments, root=ROOT):
    """Run this interpreter with `arguments` in the project's root; output of both streams where it fails."""
    environment = {**os.environ, "PYTHONPATH": str(root), "COLUMNS": "200", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_ruff():
    pytest.importorskip("ruff")
    assert _run("-m", "ruff", "check", "--no-cache", "--output-format", "concise", ".") == ""


def test_types():
    pytest.importorskip("mypy")
    assert _run("-m", "mypy") == ""


def test_import_contracts():
    pytest.importorskip("importlinter")
    assert _run("-c", CONTRACTS) == ""


@pytest.mark.parametrize("path", BREACHES)
def test_import_contracts_bite(path, tmp_path):
    pytest.importorskip("importlinter")
    for folder in ("firmware", "hal", "simulator", "scenarios", "tools"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    text, contract = BREACHES[path]
    (tmp_path / path).write_text(text, encoding="utf-8")
    said = _run("-c", CONTRACTS, root=tmp_path)
    assert [line for line in said.splitlines() if line.startswith(contract) and " BROKEN" in line], said


def test_portability_command():
    assert _run("-m", "tools.check_portable") == ""
