"""The home at the far end of a byte stream, with the real interpreter behind TCP and behind a serial port."""

from __future__ import annotations

import errno
import json
import os
import pty
import subprocess
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.files.programme import find_programme, load_programme
from simulator.homes import STREAM, HomeError, LinkLost, micropython, stream
from simulator.homes.micropython import HEAP, ROOT, interpreter
from simulator.homes.stream import StreamHome
from simulator.world import LONGEST_LEASE_MS, World
from tests.command import MINUTE, kvo
from tools.link_proxy import Spoil, spoilt
from tools.served import served

pytest.importorskip("serial", reason="pySerial: pip install 'kvo[device]'")
DEVICE_USB = ROOT / "simulator" / "homes" / "device_usb.py"


@pytest.fixture(scope="module")
def programme() -> Any:
    """A programme with a bolus, trust events and disturbances."""
    return load_programme(find_programme("morphine-pca"))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A TCP port behind which the firmware waits."""
    try:
        interpreter()
    except HomeError as absent:
        pytest.skip(str(absent))
    with served() as number:
        yield number


class Terminal:
    """MicroPython on a pseudo-terminal: `path` is a serial port as pySerial knows them."""

    def __init__(self, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        tty.setraw(theirs)
        self.path = os.ttyname(theirs)
        command = [*interpreter(), "-X", f"heapsize={HEAP}", *arguments]
        self.process = subprocess.Popen(command, stdin=self._ours, stdout=self._ours, stderr=subprocess.DEVNULL)
        self._theirs = theirs

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._theirs)
        os.close(self._ours)


@pytest.fixture
def terminal() -> Iterator[Any]:
    """Starts Terminals and ends them."""
    made: list[Terminal] = []

    def start(*arguments: str) -> Terminal:
        try:
            made.append(Terminal(*arguments))
        except HomeError as absent:
            pytest.skip(str(absent))
        return made[-1]

    yield start
    for one in made:
        one.close()


def url(port: int) -> str:
    return f"socket://127.0.0.1:{port}"


def digest(programme: Any, home: Any, seed: int = 5) -> dict[str, str]:
    with World(programme, seed=seed, home=home, near_wrap=True) as world:
        world.run(90_000)
        return world.trace.digest()


def test_the_trace_is_home_1_s_one_run_after_the_other(port: int, programme: Any) -> None:
    for seed in (5, 6):
        assert digest(programme, STREAM + url(port), seed) == digest(programme, "cpython", seed)


def test_over_a_serial_port_too_one_run_after_the_other(terminal: Any, programme: Any) -> None:
    device = terminal(str(DEVICE_USB), str(ROOT))
    for seed in (5, 6):
        assert digest(programme, STREAM + device.path, seed) == digest(programme, "cpython", seed)
    assert device.process.poll() is None


def test_the_console_is_given_back_to_who_asks(terminal: Any, programme: Any) -> None:
    device = terminal(str(DEVICE_USB), str(ROOT))
    with World(programme, home=STREAM + device.path) as world:
        world.run(2_000)
    found = stream.open_port(device.path)
    found.write(b"\x03\x03")  # Ctrl-C is a byte like any other
    with pytest.raises(subprocess.TimeoutExpired):
        device.process.wait(0.3)
    stream.give_back(found)
    assert device.process.wait(10) == 0
    found.close()


def test_a_pump_that_is_reset_boots_again_over_there(port: int, programme: Any) -> None:
    digests = []
    for home in ("cpython", STREAM + url(port)):
        with World(programme, seed=2, home=home) as world:
            world.run(30_000)
            world.watchdog_reset()
            world.run(60_000)
            world.power_cut(5_000)
            world.run(90_000)
            digests.append(world.trace.digest())
    assert digests[0] == digests[1]


@pytest.mark.parametrize("closes", [True, False])
def test_a_link_that_is_lost_stops_the_motor_within_its_lease(port: int, closes: bool) -> None:
    fast = load_programme(find_programme("propofol-anaesthesia"))
    says = r"turn \d+: .*to its lease's end, and stopped; 0\.0\d+ mL more"
    with spoilt(port, Spoil(dead_after=1750, closes=closes), 0) as proxy:
        world = World(fast, home=StreamHome(proxy.url, silence_s=1.0))
        with world, pytest.raises(LinkLost, match=says) as lost:
            world.run(60_000)
    assert proxy.url in str(lost.value)
    assert world.drive.step_rate_mhz > 0, "the firmware was infusing"
    assert 0 < world.clock.ms - world.link_lost_ms <= LONGEST_LEASE_MS
    assert not world.plant.generator.running(world.clock.ms)
    steps = world.plant.generator.count(world.clock.ms)
    assert world.plant.generator.count(world.clock.ms + 60_000) == steps


def test_a_motor_that_does_not_stop_is_shouted_of(port: int) -> None:
    fast = load_programme(find_programme("propofol-anaesthesia"))
    with spoilt(port, Spoil(dead_after=1750, closes=True), 0) as proxy:
        world = World(fast, home=StreamHome(proxy.url, silence_s=1.0))
        world.inject("generator_ignores_lease")
        with world, pytest.raises(LinkLost, match="THE MOTOR STILL RUNS after"):
            world.run(60_000)


def test_kvo_hil_prints_what_kvo_run_prints(port: int, tmp_path: Path) -> None:
    minute = tmp_path / "one-minute.yaml"
    minute.write_text(MINUTE, encoding="utf-8")
    figures = []
    for place, command in enumerate((["run"], ["hil", "--port", url(port)])):
        path = tmp_path / f"{place}.json"
        done = kvo(*command, minute, "--seed", 3, "--json", path)
        assert done.exit_code == 0, done.output
        figures.append(json.loads(path.read_text()))
        assert figures[-1]["trace_sha256"]["therapy"] in done.output
        assert "Dose in each phase" in done.output
    for one in figures:
        del one["wall_s"], one["home"]
    assert figures[0] == figures[1]


def test_a_far_end_that_is_silent_or_echoes_is_named(programme: Any) -> None:
    with pytest.raises(LinkLost, match=r"loop://: the boot: .*silent.*an echo, no device"):
        World(programme, home=StreamHome("loop://", silence_s=0.2))
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    try:
        with pytest.raises(LinkLost, match=r"the boot: the device (was|is) silent"):
            World(programme, home=StreamHome(os.ttyname(theirs), silence_s=0.2))
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_board_at_its_prompt_is_named(terminal: Any, programme: Any) -> None:
    device = terminal("-i", "-c", "print('no pump')")
    with pytest.raises(LinkLost, match="no firmware runs there"):
        World(programme, home=StreamHome(device.path, silence_s=1.0))


def test_a_port_that_another_has_open_is_busy(programme: Any) -> None:
    ours, theirs = pty.openpty()
    first = stream.open_port(os.ttyname(theirs))
    try:
        with pytest.raises(HomeError, match="busy: another program has it open"):
            World(programme, home=STREAM + os.ttyname(theirs))
    finally:
        first.close()
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("/dev/ttyNOT", "there is no such port"),
        ("socket://127.0.0.1:1", "nobody listens there"),
        ("socket://127.0.0.1", "names no TCP port"),
        ("nope://there", "no URL that pySerial knows"),
        ("", "names no port"),
    ],
)
def test_what_cannot_be_opened_is_refused_with_the_remedy(where: str, says: str) -> None:
    done = kvo("hil", "morphine-pca", "--port", where)
    assert done.exit_code == 2
    assert says in done.output


def test_without_permission_the_group_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import serial

    def refuses(*_: Any, **__: Any) -> None:
        raise serial.SerialException(errno.EACCES, "could not open port: Permission denied")

    monkeypatch.setattr(serial, "serial_for_url", refuses)
    with pytest.raises(HomeError, match=r"no permission; .*dialout"):
        stream.open_port("/dev/ttyACM0")


def test_without_py_serial_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "serial", None)
    with pytest.raises(HomeError, match=r"pip install 'kvo\[device\]'"):
        stream.open_port("/dev/ttyACM0")


def test_another_firmware_is_for_home_cpython_alone(programme: Any) -> None:
    with pytest.raises(HomeError, match="home cpython"):
        World(programme, home=StreamHome("loop://"), make_app=lambda board: None)


def test_a_served_script_that_does_not_listen_is_named(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text("raise ValueError('broken on purpose')")
    try:
        micropython.interpreter()
    except HomeError as absent:
        pytest.skip(str(absent))
    with pytest.raises(HomeError, match="broken on purpose"), served(script):
        pass


def test_kvo_serve_serves_until_it_is_interrupted(programme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tools import served as serving
    from tools.commands import hil

    where = serving.free_port()

    def interrupted(seconds: float) -> None:
        assert digest(programme, STREAM + url(where)) == digest(programme, "cpython")
        taken = kvo("serve", "--tcp", where)
        assert taken.exit_code == 2 and f"127.0.0.1:{where} is taken" in taken.output
        raise KeyboardInterrupt

    monkeypatch.setattr(hil, "sleep", interrupted)
    done = kvo("serve", "--tcp", where)
    assert done.exit_code == 0, done.output
    assert f"served on socket://127.0.0.1:{where}" in done.output


def test_two_hosts_at_once_take_turns_and_the_second_says_that_it_waits(port: int, programme: Any) -> None:
    with World(programme, home=STREAM + url(port)) as world:
        world.run(1_000)
        with pytest.raises(LinkLost, match="silent"):
            World(programme, home=StreamHome(url(port), silence_s=0.3))
        world.run(2_000)
