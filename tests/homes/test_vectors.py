"""Each home runs the vectors itself: it counts them, says whether it has AES, and sees a fault planted there."""

import pytest

from simulator.homes import HomeError
from tools.claims.vectors import HOMES, load

GROUPS = ("hmac", "hkdf", "pbkdf2", "cbor decode", "cbor encode", "cbor_refused", "cbor_rules", "mac0", "sign1")


def _on(home, mutant):
    try:
        return HOMES[home](mutant)
    except HomeError as absent:
        pytest.skip(str(absent))


@pytest.mark.parametrize("home", HOMES)
def test_a_home_runs_them_all(home):
    found = _on(home, "")
    assert found["wrong"] == []
    assert found["aes"] is (home != "webassembly")
    vectors = load()
    counts = {name: len(vectors[name.split()[0]]) for name in GROUPS}
    assert {name: found["checked"].get(name) for name in GROUPS} == counts
    ccm = {name: number for name, number in found["checked"].items() if name.startswith("ccm")}
    if home == "webassembly":
        assert ccm == {"ccm absent": len(vectors["ccm"])}
    else:
        assert ccm["ccm open"] == ccm["ccm seal"] > 0


@pytest.mark.parametrize("home", HOMES)
def test_a_home_sees_a_fault(home):
    assert _on(home, "a MAC cut to 16 bytes")["wrong"]
