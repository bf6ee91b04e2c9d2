"""What a pump opens, reads and carries out: the draft's examples, another maker's envelopes, and its own."""

import json
from pathlib import Path

import cbor2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.trust import lms
from firmware.trust.cbor import decode, encode
from firmware.update import commands as c
from firmware.update import processor, proofs, suit, verdict
from firmware.update.manifest import Device, Manifest
from tools.sign import envelope
from tools.sign.envelope import Component, digest_of, sequence
from tools.update_cases import malicious
from tools.update_cases.pump import (
    CLASS,
    DEVICE,
    IMAGE,
    NAME,
    PROVERS,
    PUBLIC,
    URI,
    VENDOR,
    Slots,
    demanded,
    device,
    facility,
    good_envelope,
    good_manifest,
    opened,
    update,
)  # fmt: skip


class Es256(proofs.Signature):
    """A proof by ES256, checked on this machine: what the draft's examples are signed with."""

    algorithm = -7

    def begin(self, message, payload):
        rc = proofs._refuses(message, self.algorithm)
        self.holds = False
        if rc == verdict.MORE:
            r, s = (int.from_bytes(message.proof[at : at + 32], "big") for at in (0, 32))
            try:
                over = message.to_sign(payload=payload)
                self._key.verify(encode_dss_signature(r, s), over, ec.ECDSA(hashes.SHA256()))
                self.holds = True
            except InvalidSignature:
                pass
        return rc

    def step(self, hashes):
        return proofs.HOLDS if self.holds else verdict.WRONG_PROOF


class Example(Slots):
    """The draft's device: one component, whatever was fetched has the digest that it should."""

    def __init__(self, digest):
        super().__init__(names={(b"\x00",): 0}, served={f"http://example.com/file{n}.bin": b"x" for n in ("", 1, 2)})
        self.expected = digest

    def digest(self, component, digest):
        digest[:] = self.expected
        return 0

    def size(self, component):
        return 34768


DIGEST = bytes.fromhex("00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210")
_FILE = json.loads(Path(malicious.__file__).with_name("draft_vectors.json").read_text(encoding="utf-8"))
EXAMPLES = [bytes.fromhex(one) for one in _FILE["envelopes"]]


def es256():
    return [Es256(serialization.load_pem_public_key(_FILE["public_key"].encode()))]


@pytest.mark.parametrize("number", range(4))
def test_an_example_of_the_draft_means_what_the_draft_says(number):
    opening = opened(EXAMPLES[number], es256())
    assert opening.verdict == verdict.OPENED
    known = Device(VENDOR, CLASS, DEVICE)
    manifest = Manifest(opening, known, Example(DIGEST))
    assert (manifest.verdict, manifest.number, manifest.components) == (verdict.READ, number, [0])
    sections = {0: {7, 9}, 1: {7, 20}, 2: {7, 9}, 3: {7, 20}}
    assert set(manifest.sequences) - {c.SHARED} == sections[number]
    assert manifest.severed == ([20, 23] if number == 2 else [])
    theirs = cbor2.loads(cbor2.loads(EXAMPLES[number]).value[3])
    assert {key: value for key, value in manifest.sequences.items() if key != c.SHARED} == {
        key: value for key, value in theirs.items() if key in sections[number]
    }


@pytest.mark.parametrize(
    ("number", "procedure", "slot", "done"),
    [
        (0, processor.INVOCATION, 0, [("invoke", 0, b"")]),
        (1, processor.UPDATE, 0, [("fetch", 0, "http://example.com/file.bin", b"", DIGEST.hex(), 34768)]),
        (2, processor.INVOCATION, 0, [("invoke", 0, b"")]),
        (3, processor.UPDATE, 0, [("fetch", 0, "http://example.com/file1.bin", b"", DIGEST.hex(), 34768)]),
    ],
)
def test_an_example_of_the_draft_does_what_the_draft_says(number, procedure, slot, done):
    target = Example(DIGEST)
    target.active = 1 - slot
    known = Device(VENDOR, CLASS, DEVICE)
    assert update(EXAMPLES[number], target, known, es256(), procedure).verdict == verdict.DONE
    assert target.log == done


def test_the_second_slot_gets_the_second_image():
    target = Example(DIGEST[16:] + DIGEST[:16])
    target.size = lambda component: 76834
    assert update(EXAMPLES[3], target, Device(VENDOR, CLASS, DEVICE), es256()).verdict == verdict.DONE
    assert [entry[2] for entry in target.log] == ["http://example.com/file2.bin"]


def test_the_examples_are_refused_by_a_pump_that_knows_no_es256():
    assert update(EXAMPLES[0], demands=[proofs.Signature(PUBLIC)]).verdict == verdict.PROOF_ALGORITHM


def test_an_example_with_its_install_severed_installs_nothing():
    said = update(EXAMPLES[2], Example(DIGEST), Device(VENDOR, CLASS, DEVICE), es256())
    assert (said.verdict, said.detail) == (verdict.MEMBER_MISSING, c.INSTALL)


def test_an_envelope_by_another_maker_is_read_and_carried_out():
    taylor = pytest.importorskip("taylor")
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    said = taylor.build_envelope(TAYLOR, key_pem=pem)
    target = Slots()
    demands = [Es256(key.public_key())]
    assert update(said, target, demands=demands).verdict == verdict.DONE
    assert target.other == {0: IMAGE}
    assert update(said[:-1] + b"\x00", demands=demands).verdict != verdict.DONE
    unordered = json.loads(json.dumps(TAYLOR))
    parameters = unordered["suit-common"]["suit-shared-sequence"][1]["suit-directive-override-parameters"]
    parameters["vendor-id"] = VENDOR.hex()
    data = taylor.build_envelope(unordered, key_pem=pem)
    assert update(data, demands=demands).verdict == verdict.SEQUENCE_MALFORMED


TAYLOR = {
    "version": 1,
    "sequence-number": 7,
    "suit-common": {
        "suit-components": [[NAME[0].hex()]],
        "suit-shared-sequence": [
            # It writes keys in the order of their names; the draft's section 8 wants that of their encodings.
            {"suit-directive-override-parameters": {"vendor-id": VENDOR.hex()}},
            {
                "suit-directive-override-parameters": {
                    "class-id": CLASS.hex(),
                    "image-size": len(IMAGE),
                    "uri": URI,
                    "image-digest": {"algorithm": "sha256", "digest": digest_of(IMAGE)[1].hex()},
                }
            },
            {"suit-condition-vendor-identifier": 15},
            {"suit-condition-class-identifier": 15},
        ],
    },
    "sequence": {
        "payload-installation": [{"suit-directive-fetch": 2}, {"suit-condition-image-match": 15}],
        "image-validation": [{"suit-condition-image-match": 15}],
    },
}


# Our own.


def test_a_step_is_as_long_as_it_was_told():
    opening = suit.Opening(good_envelope(), demanded())
    steps = 1
    while opening.step(20):
        steps += 1
    assert opening.verdict == verdict.OPENED
    assert steps > 15
    assert not opening.step(20)


def test_a_proof_serves_again():
    demands = demanded()
    assert [opened(good_envelope(number=number), demands).verdict for number in (7, 7)] == [verdict.OPENED] * 2


def test_a_drug_library_needs_what_the_pump_demands_for_it():
    part = Component((b"library",), b"a library", "#lib")
    manifest, _ = envelope.make_manifest(3, [part], VENDOR, CLASS, start=False)
    data = envelope.make_envelope(manifest, PROVERS[:1], payloads={"#lib": b"a library"})
    target = Slots()
    assert update(data, target, device(2), [proofs.Signature(PUBLIC)]).verdict == verdict.DONE
    assert target.log == [("write", 1, b"a library")]
    assert update(data, target, device(2)).verdict == verdict.NUMBER_OF_PROOFS


def test_nothing_demanded_opens_nothing():
    data = envelope.make_envelope(good_manifest()[0], [])
    assert opened(data, []).verdict == verdict.NUMBER_OF_PROOFS


def test_the_installed_manifest_is_taken_again_and_no_other_of_its_number():
    data = good_envelope()
    digest = opened(data).digest
    assert update(data, known=device(7, digest)).verdict == verdict.DONE
    assert update(data, known=device(7, bytes(32))).verdict == verdict.SAME_NUMBER
    assert update(data, known=device(8)).verdict == verdict.ROLLBACK


def test_text_may_be_left_out():
    manifest, severed = good_manifest()
    for members in (severed, {}):
        assert update(envelope.make_envelope(manifest, PROVERS, members)).verdict == verdict.DONE


def by_facility(data, target, known=None):
    return update(data, target, known, facility())


def test_components_are_each_fetched_and_each_checked():
    parts = [Component(NAME, IMAGE, URI), Component((b"library",), b"library", "lib")]
    manifest, severed = envelope.make_manifest(7, parts, VENDOR, CLASS)
    data = malicious.signed(manifest, severed)
    target = Slots(served={URI: IMAGE, "lib": b"library"}, slice_=7)
    assert by_facility(data, target).verdict == verdict.DONE
    assert target.other == {0: IMAGE, 1: b"library"}
    target = Slots(served={URI: IMAGE, "lib": b"Library"})
    assert by_facility(data, target).verdict == verdict.OTHER_IMAGE


def test_an_alternative_that_fails_leads_to_the_next():
    fetch = [c.D_OVERRIDE, {c.P_URI: URI}, c.D_FETCH, 2]
    tried = [
        sequence(c.D_OVERRIDE, {c.P_SLOT: 0}, c.C_SLOT, 15, c.D_OVERRIDE, {c.P_URI: "slot 0"}, c.D_FETCH, 2),
        sequence(c.D_OVERRIDE, {c.P_SLOT: 1}, c.C_SLOT, 15, *fetch),
    ]
    target = Slots(slice_=100)
    assert by_facility(malicious.signed(malicious.commands(c.D_TRY_EACH, tried)), target).verdict == verdict.DONE
    assert [entry[2] for entry in target.log] == [URI]


def test_a_run_that_fails_softly_is_passed_over_and_a_directive_never_is():
    soft = [c.D_OVERRIDE, {c.P_SOFT: True}]
    run = sequence(*soft, c.C_ABORT, 15)
    target = Slots(other={0: IMAGE})
    assert by_facility(malicious.signed(malicious.commands(c.D_RUN, run)), target).verdict == verdict.DONE
    gone = sequence(*soft, c.D_OVERRIDE, {c.P_URI: "gone"}, c.D_FETCH, 2)
    assert by_facility(malicious.signed(malicious.commands(c.D_RUN, gone)), target).verdict == verdict.TARGET


def test_all_components_at_once_and_what_a_sequence_sets_does_not_outlast_it():
    both = [*malicious.commands_for(0), *malicious.commands_for(1), c.D_INDEX, 0]
    install = [
        c.D_INDEX, [1, 0], c.D_OVERRIDE, {c.P_CONTENT: IMAGE[:100]}, c.D_RUN, sequence(c.D_INDEX, 0, c.D_WRITE, 2),
        c.D_WRITE, 2, c.C_CONTENT, 15,
    ]  # fmt: skip
    matched = [c.D_OVERRIDE, {c.P_DIGEST: encode(digest_of(IMAGE[:100]))}]
    validate = sequence(c.D_INDEX, True, *matched, c.C_IMAGE, 15)
    manifest = malicious.commands(*install, shared=both, components=[list(NAME), [b"library"]], validate=validate)
    target = Slots(slice_=30)
    assert by_facility(malicious.signed(manifest), target).verdict == verdict.DONE
    assert [entry[1] for entry in target.log] == [0, 0, 1, 0]


def test_copies_and_swaps_need_both_to_be_meant_for_this_pump():
    both = [*malicious.commands_for(0), *malicious.commands_for(1), c.D_INDEX, 0]
    two = [list(NAME), [b"library"]]
    source = [c.D_OVERRIDE, {c.P_SOURCE: 1}]
    for command, other in ((c.D_COPY, IMAGE), (c.D_SWAP, b"old")):
        target = Slots(other={0: b"old", 1: IMAGE})
        data = malicious.signed(malicious.commands(*source, command, 2, shared=both, components=two))
        assert by_facility(data, target).verdict == verdict.DONE
        assert target.other == {0: IMAGE, 1: other}


def test_content_is_compared_whole():
    content = [c.D_OVERRIDE, {c.P_CONTENT: IMAGE}, c.C_CONTENT, 15]
    for held, expected in ((IMAGE, verdict.DONE), (IMAGE[:-1], verdict.OTHER_CONTENT), (b"", verdict.OTHER_CONTENT)):
        said = by_facility(malicious.signed(malicious.commands(*content, validate=sequence())), Slots(other={0: held}))
        assert said.verdict == expected


# Any alteration.

GOOD = good_envelope()
INTEGRATED = envelope.make_envelope(
    *envelope.make_manifest(7, [Component(NAME, IMAGE, "#fw")], VENDOR, CLASS, start=False)[:1], PROVERS,
    payloads={"#fw": IMAGE},
)  # fmt: skip


def taken(data):
    """Whether a pump takes it; nothing may be written by what it refuses."""
    target = Slots()
    said = update(data, target)
    assert said.verdict == verdict.DONE or target.log == []
    return said.verdict == verdict.DONE


@settings(max_examples=300)
@given(st.sampled_from([GOOD, INTEGRATED]), st.data())
def test_any_byte_altered_is_refused(data, draw):
    place = draw.draw(st.integers(0, len(data) - 1))
    difference = draw.draw(st.integers(1, 255))
    assert not taken(data[:place] + bytes([data[place] ^ difference]) + data[place + 1 :])


@given(st.sampled_from([GOOD, INTEGRATED]), st.data())
def test_any_bytes_cut_doubled_or_put_in_are_refused(data, draw):
    start = draw.draw(st.integers(0, len(data)))
    end = draw.draw(st.integers(start, len(data)))
    put = draw.draw(st.one_of(st.binary(max_size=40), st.just(data[start:end] * 2)))
    altered = data[:start] + put + data[end:]
    assert taken(altered) == (altered == data)


@given(st.binary(max_size=300))
def test_no_exception_leaves(data):
    assert not taken(data)
    assert not taken(b"\xd8\x6b" + data)


@given(st.binary(max_size=200))
def test_nor_where_rubbish_is_signed(data):
    for manifest in (data, malicious.of(install=data), malicious.of(common=data), malicious.of(validate=data)):
        assert by_facility(malicious.signed(manifest), Slots(other={0: IMAGE})).verdict not in (None, verdict.MORE)


VALUES = st.recursive(
    st.one_of(st.integers(-2, 40), st.binary(max_size=20), st.booleans(), st.none(), st.just(URI)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.integers(0, 26), inner, max_size=3)),
    max_leaves=8,
)


@given(st.lists(st.tuples(st.sampled_from([*c.CONDITIONS, 12, 15, 18, 20, 21, 22, 23, 31, 32, 0]), VALUES), max_size=8))
def test_any_commands_end_with_a_verdict(pairs):
    items = [item for pair in pairs for item in pair]
    target = Slots(other={0: IMAGE})
    said = by_facility(malicious.signed(malicious.commands(*items)), target)
    assert said.verdict != verdict.MORE
    said = by_facility(malicious.signed(malicious.commands(shared=items)), target)
    assert said.verdict != verdict.MORE


def test_the_envelope_is_what_another_decoder_reads():
    members = cbor2.loads(GOOD)
    assert (members.tag, sorted(members.value)) == (107, [2, 3, 23])
    digest, signature, mac = cbor2.loads(members.value[2])
    assert (cbor2.loads(signature).tag, cbor2.loads(mac).tag) == (18, 17)
    assert lms.verify(PUBLIC, cbor2.dumps(["Signature1", b"\xa1\x01\x38\x2d", b"", digest]),
                      cbor2.loads(signature).value[3]) == lms.VERIFIED  # fmt: skip
    assert decode(members.value[23]) == {"en": {1: "A better guardian."}}
