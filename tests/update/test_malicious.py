"""Every malicious envelope is refused, by its own code, before a byte is written; every code there is is reached."""

import pytest

from firmware.update import proofs, verdict
from tools.sign.words import verdict_name
from tools.update_cases import malicious
from tools.update_cases.pump import URI, Slots, good_envelope, update

TABLE = malicious.table()
GOOD = (verdict.OPENED, verdict.READ, verdict.DONE, verdict.MORE, verdict.CODES)
CODES = {value: name for name, value in vars(verdict).items() if isinstance(value, int) and value not in GOOD}


@pytest.mark.parametrize("name", TABLE)
def test_it_is_refused(name):
    expected, _, how = TABLE[name]
    said, target = malicious.judge(TABLE[name])
    assert verdict_name(said.verdict) == verdict_name(expected)
    assert (said.processor is not None and said.processor.changed) == how["wrote"]
    if not how["wrote"]:
        assert target.log == []
    if expected < verdict.MANIFEST_TOO_LONG and "signed" in how:
        assert said.manifest is None, "nothing of the manifest is parsed before the proofs hold"


def test_every_code_is_reached():
    reached = {case[0] for case in TABLE.values()}
    assert sorted(name for code, name in CODES.items() if code not in reached) == []
    assert sorted(CODES) == list(range(1, verdict.CODES))


def test_patterns_are_far_from_codes_and_from_one_another():
    patterns = (verdict.OPENED, verdict.READ, verdict.DONE, proofs.HOLDS)
    assert min((a ^ b).bit_count() for a in patterns for b in (*patterns, *range(verdict.CODES)) if a != b) >= 4


def test_the_good_one_is_taken():
    target = Slots()
    assert update(good_envelope(), target).verdict == verdict.DONE
    assert [entry[0] for entry in target.log] == ["fetch"]
    assert target.other == {0: target.served[URI]}
