"""A pump with slots, for real: an image compiled and signed, installed and booted from its slot under MicroPython."""

import json
import subprocess

import pytest

from firmware.therapy.tables import ST_FAILED, ST_STANDBY
from firmware.update import booted, reasons, roots
from hal import ports
from simulator.clock import VirtualClock
from simulator.devices.flash import SimFlash
from simulator.homes import HomeError, micropython, mpy
from tools.device.slot_main import AREAS, FLASH, SLOT
from tools.sign import bundle
from tools.update_cases import pump, slotted

BOOT = mpy.ROOT / "tools/device/slot_boot.py"
SOURCES = ("firmware", "hal/__init__.py", "hal/ports.py", "hal/compat.py", "hal/bare", "tools/__init__.py",
           "tools/device/__init__.py", "tools/device/slot_main.py")  # fmt: skip
MAIN = b"from tools.device.slot_main import main\n\nmain()\n"
BROKEN = b"raise RuntimeError('this image was broken when it was signed')\n"
MAKER = slotted.PROVERS[0]


@pytest.fixture(scope="module")
def compiled():
    try:
        micropython.interpreter()
        return mpy.compile_all(mpy.sources_of(*SOURCES))
    except HomeError as absent:
        pytest.skip(str(absent))


def image(number, files, *provers):
    return slotted.image(number, bundle.make_bundle(files), provers or (MAKER, pump.PROVERS[1]))


def put(folder, store):
    """The store's areas as the file that the board has beside it."""
    (folder / FLASH).write_bytes(b"".join(bytes(store._areas[area]) for area, _ in AREAS))


def run(folder, *arguments):
    command = [*micropython.interpreter(), "-X", "heapsize=2m", str(BOOT), str(mpy.ROOT), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
    said = done.stdout.decode()
    return json.loads(said) if said.startswith("{") else said + done.stderr.decode()


def install(folder, one):
    (folder / "one.suit").write_bytes(one.envelope)
    (folder / "one.bin").write_bytes(one.payload)
    return run(folder, "install", "one.suit", "one.bin", pump.FACILITY.hex())


def test_installed_confirmed_and_reverted(tmp_path, compiled):
    store = SimFlash(VirtualClock(), slot_bytes=SLOT)
    assert roots.RootStore(store).write(pump.roots(makers=[slotted.PUBLIC])) == ports.OK
    slotted.put_in(store, ports.AREA_GOLDEN, image(0, {**compiled, "main.py": MAIN}, MAKER))
    put(tmp_path, store)
    (tmp_path / "firmware").mkdir()
    (tmp_path / "firmware/app.py").write_text("raise RuntimeError('a stray file')\n")
    (tmp_path / "main.py").write_text("raise RuntimeError('a stray file')\n")

    recovers = run(tmp_path, "boot")
    assert (recovers["mode"], recovers["delivery"]) == (booted.RECOVERY, ST_FAILED)  # takes images, never infuses

    assert install(tmp_path, image(7, {**compiled, "main.py": MAIN})) == {"rc": 0, "state": 5, "reason": 0}
    tried = run(tmp_path, "boot")
    assert (tried["mode"], tried["number"], tried["from"]) == (booted.TRIAL, 7, "/slot/firmware/app.mpy")
    assert (tried["confirmed"], tried["floor"], tried["delivery"], tried["raised"]) == (0, 7, ST_STANDBY, 0)
    assert run(tmp_path, "boot")["mode"] == booted.CONFIRMED

    assert install(tmp_path, image(8, {**compiled, "main.py": BROKEN}))["rc"] == 0
    assert "this image was broken when it was signed" in run(tmp_path, "boot")
    back = run(tmp_path, "boot")
    assert (back["mode"], back["number"], back["floor"]) == (booted.CONFIRMED, 7, 7)
    assert install(tmp_path, image(6, {**compiled, "main.py": MAIN}))["reason"] == 18  # a rollback

    data = bytearray((tmp_path / FLASH).read_bytes())
    data[sum(size for area, size in AREAS[:4]) + slotted.IMAGE_AT + 5000] ^= 4
    (tmp_path / FLASH).write_bytes(data)
    assert run(tmp_path, "boot")["mode"] == booted.RECOVERY  # a bit of what was confirmed has changed


def test_an_image_for_another_interpreter_is_refused(tmp_path, compiled):
    store = SimFlash(VirtualClock(), slot_bytes=SLOT)
    assert roots.RootStore(store).write(pump.roots(makers=[slotted.PUBLIC])) == ports.OK
    put(tmp_path, store)
    other = {path: data[:1] + b"\x05" + data[2:] if path.endswith(".mpy") else data for path, data in compiled.items()}
    assert install(tmp_path, image(7, {**other, "main.py": MAIN}))["reason"] == reasons.OTHER_INTERPRETER
