"""The root record: what is one, how it lies in the store, and whom its proofs believe."""

import pytest

from firmware.update import roots as r
from firmware.update import suit, verdict
from hal import ports
from simulator.clock import VirtualClock
from simulator.devices.flash import SimFlash
from simulator.trust_client import make_record
from tools.sign import envelope
from tools.sign.roots import make_roots
from tools.update_cases import pump

KEYS = [pump.make_key() for _ in range(4)]
PUBLIC = [key.publicKey().serialize() for key in KEYS]
ROOT, MAKER, ADA, BO = PUBLIC


def record(**change):
    values = {
        "sequence": 1, "vendor_id": pump.VENDOR, "class_id": pump.CLASS, "root_key": ROOT, "makers": [MAKER],
        "pharmacists": [(3, ADA), (4, BO)], "revoked": [],
    }  # fmt: skip
    return make_roots(**{**values, **change})


def test_a_record_is_what_it_was_encoded_from():
    read = r.Roots()
    assert read.decode(record().encode())
    assert read.encode() == record().encode()
    assert (read.pharmacist(r.key_id(BO)), read.pharmacist(r.key_id(MAKER))) == (4, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 0}, {"sequence": 1 << 31}, {"vendor_id": bytes(15)}, {"class_id": bytes(17)}, {"makers": []},
        {"makers": [MAKER, MAKER]}, {"makers": [MAKER, ROOT]}, {"root_key": MAKER}, {"pharmacists": [(3, ADA)]},
        {"pharmacists": [(3, ADA), (3, BO)]}, {"pharmacists": [(3, ADA), (4, ADA)]}, {"root_key": ROOT[:-1]},
        {"pharmacists": [(3, ADA), (4, MAKER)]}, {"pharmacists": [(0, ADA), (4, BO)]}, {"revoked": [bytes(9)]},
        {"pharmacists": [(3, ADA), (4, ROOT)]}, {"revoked": [bytes(8)] * 17}, {"makers": [b""]},
    ],
)  # fmt: skip
def test_what_is_no_record(change):
    roots = r.Roots()
    values = {name: getattr(record(), name) for name in r.Roots.__slots__}
    for name, value in {**values, **change}.items():
        setattr(roots, name, value)
    assert not r.Roots().decode(roots.encode())


def test_it_lies_in_the_store_twice_and_one_copy_is_enough():
    flash = SimFlash(VirtualClock(0))
    lies = r.RootStore(flash)
    assert (lies.roots, lies.damaged) == (None, False)
    assert lies.write(record()) == lies.mend() == ports.OK
    for area in (ports.AREA_ROOTS_A, ports.AREA_ROOTS_B):
        flash.flip(area, 40, 3)
        found = r.RootStore(flash)
        assert found.roots.encode() == record().encode()
        assert found.behind
        flash.flip(area, 40, 3)
    flash.flip(ports.AREA_ROOTS_A, 40, 3)
    flash.flip(ports.AREA_ROOTS_B, 40, 3)
    assert r.RootStore(flash).damaged


def opened(data, demands):
    opening = suit.Opening(data, demands)
    while opening.step(200):
        pass
    return opening.verdict


def signed(*keys, of=None):
    """A library's envelope by some of KEYS, each named by `of` or by its own id."""
    manifest, severed = envelope.make_manifest(
        7, [envelope.Component((b"library",), b"drugs", "#library")], pump.VENDOR, pump.CLASS, start=False
    )
    provers = [
        envelope.sign1(KEYS[key].sign, key_id=r.key_id(PUBLIC[key if of is None else of[place]]))
        for place, key in enumerate(keys)
    ]
    return envelope.make_envelope(manifest, provers, severed, {"#library": b"drugs"})


def test_two_different_pharmacists_sign_a_library():
    roots = record()
    demands = r.library_proofs(roots)
    assert opened(signed(3, 2), demands) == verdict.OPENED
    assert [roots.pharmacist(one) for one in demands[0].used] == [4, 3]
    wrong = {
        verdict.NUMBER_OF_PROOFS: signed(2), verdict.SAME_SIGNER: signed(2, 2), verdict.UNKNOWN_KEY: signed(2, 1),
        verdict.WRONG_PROOF: signed(2, 1, of=(2, 3)),
    }  # fmt: skip
    assert {opened(data, r.library_proofs(roots)) for data in wrong.values()} == set(wrong)
    barred = record(revoked=[r.key_id(BO)])
    assert opened(signed(3, 2), r.library_proofs(barred)) == verdict.REVOKED_KEY


def test_a_counter_signature_is_for_one_pump():
    roots = record()
    mine, other = make_record(1), make_record(2)
    manifest, severed = pump.good_manifest()
    maker = envelope.sign1(KEYS[1].sign, key_id=r.key_id(MAKER))
    for holder, due in ((mine, verdict.OPENED), (other, verdict.WRONG_PROOF)):
        data = envelope.make_envelope(manifest, [maker, envelope.mac0(holder.key(r.COUNTERSIGN))], severed)
        assert opened(data, r.firmware_proofs(roots, mine)) == due
