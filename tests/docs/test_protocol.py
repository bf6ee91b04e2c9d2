"""The reference of the protocol is the code's, and its CDDL takes what pumps and terminals say and nothing else."""

import re
from pathlib import Path

import pytest
from cddl_verifier import SchemaError, Validator, schema_diagnostics

from firmware.trust import facts as f
from firmware.trust import roles as r
from firmware.trust import speaker
from firmware.trust import verdict as v
from firmware.trust.cbor import Tag, decode, encode
from firmware.trust.request import Request
from firmware.trust.roles import Roles
from hal.ports import FIELD_TITRATE_MILLI, KEY_PROGRAMME
from simulator.asked import BIOMED, NOW_S, NURSE, PHARMACIST, SHIFT_S, AskedPump, people
from simulator.names import MESSAGES
from simulator.site import records
from simulator.trust_client import Terminal, digest_of, make_record, service
from tools import protocol_doc
from tools.fuzz.messages import _ARGUMENTS
from tools.protocol import cddl
from tools.protocol.constants import constants
from tools.protocol.tables import BODIES, COUNTS, FORMS, KINDS, PERSON, RECORD, RESERVED, WHEN
from tools.update_cases.asked_slots import give_slots

SCHEMA = Validator(cddl.text())
CHALLENGE = bytes(range(16))
RECORD_OF = make_record(1, people())
GOOD = {
    r.ARG_NONE: {}, r.ARG_FIELDS: {0: [[1, 2], [3, 4]], 1: 7, 63: 0}, r.ARG_DOSE: {FIELD_TITRATE_MILLI: 5},
    r.ARG_DIGEST: {1: digest_of(b"")}, r.ARG_COUNT: {1: 0}, r.ARG_OPERATOR: {1: 7},
    r.ARG_SECONDS: {1: 20}, r.ARG_STAGE: {1: 40, 2: bytes(32)}, r.ARG_CHUNK: {1: 0, 2: bytes(40)},
}  # fmt: skip
ROWS = cddl.kinds()


def is_a(rule, data):
    return SCHEMA.validate(data, rule, require_deterministic=True).valid


def terminal(**other):
    values = {"record": RECORD_OF, "operator": NURSE, "role": r.NURSE, "not_after_s": NOW_S + SHIFT_S} | other
    return Terminal(**values)


def asked(kind, arguments, who=None, **other):
    return (who or terminal()).ask(kind, other.get("challenge", CHALLENGE), other.get("expiry_s", 20), arguments)


def test_both_files_are_the_codes():
    assert protocol_doc.check(), "run `python -m tools.protocol_doc` and commit docs/protocol.md and docs/kvo.cddl"


def test_what_is_missing_is_noticed_and_written(tmp_path):
    assert not protocol_doc.check(tmp_path)
    assert [path.name for path in protocol_doc.write(tmp_path)] == ["protocol.md", "kvo.cddl"]
    assert protocol_doc.check(tmp_path)
    (tmp_path / "kvo.cddl").write_text("request = 0\n")
    assert not protocol_doc.check(tmp_path)


def test_every_table_has_a_row_for_all_that_the_firmware_has():
    kinds = {kind.value: row[3] for kind, row in ROWS}
    assert set(KINDS) == set(kinds)
    assert {one.value for one in constants(r, "ARG_")} == set(FORMS) == set(GOOD)
    assert {kind for kind, form in kinds.items() if form == r.ARG_COUNT} == set(COUNTS)
    assert {one.value for one in cddl.fact_kinds()} == set(BODIES) | set(RESERVED)
    assert set(BODIES) == set(WHEN) and not set(BODIES) & set(RESERVED)
    assert [one.number for one in BODIES[f.STATUS]] == [one.value for one in constants(speaker, "ST_")]
    assert [one.value for one in constants(v, "REFUSED_")] == list(range(1, v.CODES))
    assert max(MESSAGES) < 64


def test_the_order_of_judging_names_every_code_by_its_number():
    text = (Path(__file__).parents[2] / "docs" / "requests.md").read_text(encoding="utf-8")
    [order] = re.findall(r"## How a request is judged\n(.*?)\nA request that is authentic", text, re.DOTALL)
    named = re.findall(r"\b([A-Z][A-Z_]+) (\d+)\b", order)
    codes = {(one.name, str(one.value)) for one in constants(v, "REFUSED_")} | {("OK", "0")}
    assert set(named) == codes


def test_a_constant_is_read_with_its_comment():
    codes = {one.name: one for one in constants(v, "REFUSED_")}
    assert (codes["REVOKED"].value, codes["REVOKED"].says) == (7, "the operator, or the epoch of the key")
    assert codes["NO_MAC"].words == "no mac"


def test_the_cddl_is_cddl():
    assert schema_diagnostics(cddl.text()) == ()
    with pytest.raises(SchemaError):
        Validator(cddl.text().replace("word = ", "words = "))


# Requests.


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].name)
def test_a_real_request_of_every_kind_is_one(row):
    kind, (_, _, _, form) = row
    for who in (terminal(), service(RECORD_OF)):
        message = asked(kind.value, GOOD[form], who)
        assert is_a("request", message) and is_a("message", message)
        assert not is_a("fact", message)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].name)
def test_an_altered_request_is_none(row):
    kind, (_, _, _, form) = row
    message = asked(kind.value, GOOD[form])
    protected, unprotected, payload, mac = decode(message).value
    body = decode(payload)
    altered = [{key: value for key, value in body.items() if key != gone} for gone in body]
    altered += [body | {key: "text"} for key in body]
    altered += [body | {6: 0}, body | {1: 99}, body | {2: CHALLENGE[:15]}, body | {3: -1}, body | {4: 1 << 32}]
    altered += [body | {5: GOOD[form] | {64: 1}}, body | {5: []}]
    for one in altered:
        assert not is_a("request", terminal().seal(encode(one))), one
    header = decode(protected)
    parts = [
        [encode(header | {5: b""}), unprotected, payload, mac], [encode(header | {1: 4}), unprotected, payload, mac],
        [encode({1: 5}), unprotected, payload, mac], [protected, {4: b""}, payload, mac],
        [protected, unprotected, None, mac], [protected, unprotected, payload, mac[:16]],
        [protected, unprotected, payload, b""], [protected, unprotected, payload],
        [protected, unprotected, payload + b"\0", mac],
    ]  # fmt: skip
    for one in parts:
        assert not is_a("request", encode(Tag(17, one))), one
    for one in (message[1:], message[:-1], message + b"\0", payload, encode(Tag(18, decode(message).value))):
        assert not is_a("request", one)
    assert is_a("request", message)


@pytest.mark.parametrize(
    ("operator", "role", "ends", "good"),
    [
        (1, 1, 0, True), (0x7FFFFFFF, 5, 0xFFFFFFFF, True), (0, 6, 0, True), (0, 1, 0, False), (1, 6, 0, False),
        (0, 6, 1, False), (1, 7, 0, False), (1, 0, 0, False), (0x80000000, 1, 0, False),
    ],
)  # fmt: skip
def test_a_key_id_is_one_where_the_firmware_opens_it(operator, role, ends, good):
    from firmware.trust.request import kid_of

    kid = kid_of(RECORD_OF.pump_id, operator, role, 1, ends)
    who = terminal()
    who.kid = kid
    message = asked(r.KIND_STATUS, {}, who)
    assert (Request().open(message, RECORD_OF.pump_id) == v.OK) is is_a("request", message) is good


@pytest.mark.parametrize("arguments", _ARGUMENTS, ids=repr)
def test_arguments_are_those_that_the_firmware_takes(arguments):
    who = terminal()
    for kind, _ in ROWS:
        payload = encode({1: kind.value, 2: CHALLENGE, 3: 1, 4: 2, 5: arguments})
        message = who.seal(payload)
        request = Request()
        assert request.open(message, RECORD_OF.pump_id) == v.OK
        takes = request.verify(who.key) == v.OK and request._is_known(Roles()) == v.OK
        assert takes is is_a("request", message), kind.name


# Facts.


@pytest.fixture(scope="module")
def said():
    """Facts as bytes, of a pump that was asked for everything there is, in many states."""
    pump = AskedPump(RECORD_OF)
    give_slots(pump)
    pump.ask(BIOMED, r.KIND_UPDATE, {})
    for kind, (may, _, _, form) in ROWS:
        if kind.value not in (r.KIND_EPOCH, r.KIND_REVOKE):
            who = NURSE if may >> r.NURSE & 1 else PHARMACIST if may >> r.PHARMACIST & 1 else pump.service
            pump.ask(who, kind.value, GOOD[form])
    pump.press(KEY_PROGRAMME)
    pump.run(12_000)
    pump.ask(pump.service, r.KIND_EPOCH, {1: RECORD_OF.epoch})
    pump.ask(pump.service, r.KIND_REVOKE, {1: 99})
    pump.send(b"")
    pump.send(bytes(1025))
    pump.run(6_000)
    reader = type(pump.reader)(RECORD_OF)
    return list(reader._frames(bytes(pump.sent)))


def _body_of(fact):
    payload = decode(decode(fact).value[2])
    return payload[f.KIND], payload[f.BODY], payload


def test_real_facts_of_every_kind_are_facts(said):
    assert {_body_of(fact)[0] for fact in said} == set(BODIES)
    for fact in said:
        assert is_a("fact", fact), _body_of(fact)
    assert not any(is_a("request", fact) for fact in said[:3])


@pytest.mark.parametrize("kind", BODIES)
def test_an_altered_fact_is_none(said, kind):
    fact = next(one for one in said if _body_of(one)[0] == kind)
    protected, unprotected, _, mac = decode(fact).value
    _, body, payload = _body_of(fact)
    bodies = [{key: value for key, value in body.items() if key != gone} for gone in body]
    bodies += [body | {key: False} for key in body] + [body | {99: 0}]
    altered = [payload | {f.BODY: one} for one in bodies]
    altered += [payload | {f.KIND: kind % len(BODIES) + 1}, payload | {f.COUNTER: -1}, payload | {f.PUMP_S: "1"}]
    for one in altered:
        assert not is_a("fact", encode(Tag(17, [protected, unprotected, encode(one), mac]))), one
    assert is_a("fact", encode(Tag(17, [protected, unprotected, encode(payload), mac])))


# The credential record.


def test_real_records_are_records():
    made = records.make_record(bytes(8), bytes(32), 1, [(7, 1, "123456")], [9], "Wård " * 12, 5)
    for one in (RECORD_OF.encode(), make_record(2, revoked=(1, 2, 3)).encode(), made):
        assert is_a("credential-record", one)


def test_an_altered_record_is_none():
    good = decode(RECORD_OF.encode(), 4)
    altered = [{key: value for key, value in good.items() if key != gone} for gone in good]
    altered += [good | {key: False} for key in good] + [good | {99: 0}]
    altered += [good | {7: "x" * 65}, good | {5: [1] * 65}, good | {6: good[6] * 7}, good | {3: bytes(31)}]
    for place in range(len(PERSON)):
        row = list(good[6][0])
        row[place] = -1
        altered.append(good | {6: [row]})
    for one in altered:
        encoded = encode(one)
        assert not is_a("credential-record", encoded), one
        assert not make_record(3).decode(encoded)
    assert len(RECORD) == len(good)
