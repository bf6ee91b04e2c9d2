"""The good and the malicious envelopes get the same verdicts on MicroPython, with 64-bit and with 32-bit words."""

import json

import pytest

from firmware.update import processor, verdict
from simulator.homes import HomeError, micropython, mpy, webassembly
from tools.device import updates
from tools.update_cases import malicious
from tools.update_cases.pump import CLASS, DEVICE, FACILITY, IMAGE, PUBLIC, URI, VENDOR, good_envelope

FILES = ("firmware/__init__.py", "firmware/trust/__init__.py", "firmware/trust/cbor.py", "firmware/trust/cose.py",
         "firmware/trust/lms.py", "firmware/trust/mac.py", "firmware/update", "hal/__init__.py", "hal/compat.py",
         "tools/__init__.py", "tools/device/__init__.py", "tools/device/updates.py")  # fmt: skip


def case(name, expect, data, signed=True, may_write=False, served=None):
    return {
        "name": name, "expect": expect, "envelope": data.hex(), "public_key": PUBLIC.hex() if signed else "",
        "facility": FACILITY.hex(), "ids": [VENDOR.hex(), CLASS.hex(), DEVICE.hex()], "number": 6,
        "digest": bytes(32).hex(), "may_write": may_write,
        "names": [[b"firmware".hex()], [b"library".hex()], [b"third".hex()], [b"fourth".hex()]],
        "served": {uri: payload.hex() for uri, payload in ({URI: IMAGE} if served is None else served).items()},
    }  # fmt: skip


def cases():
    """Those that need nothing of this machine's own double."""
    made = [case("good", verdict.DONE, good_envelope(), may_write=True)]
    made += [case(name, expect, data) for name, (expect, data) in malicious.envelopes().items()]
    made += [case(name, expect, data, False) for name, (expect, data) in malicious.manifests().items()
             if name != "two names for one component"]  # fmt: skip
    for name, (expect, data, how) in malicious.carried_out().items():
        if "room" not in how and "procedure" not in how and how.get("procedure", processor.UPDATE) == processor.UPDATE:
            made.append(case(name, expect, data, False, how["wrote"], how.get("served")))
    return made


CASES = cases()


def test_here():
    assert updates.run(CASES) == {"checked": len(CASES), "wrong": []}


def test_on_the_unix_port(tmp_path):
    try:
        micropython.interpreter()
    except HomeError as absent:
        pytest.skip(str(absent))
    path = tmp_path / "updates.json"
    path.write_text(json.dumps(CASES), encoding="utf-8")
    said = micropython.run_script(mpy.ROOT / "tools/device/updates.py", str(mpy.ROOT), str(path), heap="8m")
    assert json.loads(said) == {"checked": len(CASES), "wrong": []}


def test_on_the_webassembly_port():
    try:
        webassembly.command("")
        mpy.compiler()
    except HomeError as absent:
        pytest.skip(str(absent))
    files = {**mpy.compile_all(mpy.sources_of(*FILES)), "updates.json": json.dumps(CASES).encode()}
    said = webassembly.run_module(webassembly.bundle(files), "tools.device.updates")
    assert json.loads(said) == {"checked": len(CASES), "wrong": []}
