"""Every malicious envelope is refused, by its own code, before a byte is written; every code there is is reached."""

from types import ModuleType

import pytest

from firmware.trust.mac import MacKey
from firmware.update import processor, proofs, verdict
from tests.update import malicious
from tests.update.pump import FACILITY, URI, Slots, device, good_envelope, update

ENVELOPES = malicious.envelopes()
MANIFESTS = malicious.manifests()
CARRIED_OUT = malicious.carried_out()
WRITING = {"write", "fetch", "copy", "swap", "invoke"}


def facility():
    return [proofs.Mac(MacKey(FACILITY))]


def codes():
    """Names of the refusals by number."""
    module: ModuleType = verdict
    good = (verdict.OPENED, verdict.READ, verdict.DONE, verdict.MORE, verdict.CODES)
    return {value: name for name, value in vars(module).items() if isinstance(value, int) and value not in good}


@pytest.mark.parametrize("name", ENVELOPES)
def test_a_malicious_envelope_is_refused(name):
    expected, data = ENVELOPES[name]
    target = Slots()
    said = update(data, target)
    assert (codes().get(said.verdict), target.log) == (codes()[expected], [])
    assert said.manifest is None


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_malicious_manifest_is_refused(name):
    expected, data = MANIFESTS[name]
    target = Slots()
    target.names[(b"fw",)] = 0
    said = update(data, target, device(6, bytes(32)), facility())
    assert (codes().get(said.verdict), target.log) == (codes()[expected], [])
    assert said.processor is None


@pytest.mark.parametrize("name", CARRIED_OUT)
def test_malicious_commands_are_refused(name):
    expected, data, how = CARRIED_OUT[name]
    target = Slots(room=how.get("room", 100_000))
    target.served = how.get("served", target.served)
    target.names.update({(b"third",): 2, (b"fourth",): 3})
    said = update(data, target, None, facility(), how.get("procedure", processor.UPDATE))
    assert codes().get(said.verdict) == codes()[expected]
    assert said.processor is not None
    assert said.processor.changed == how["wrote"]
    if not how["wrote"]:
        assert target.log == []


def test_every_code_is_reached():
    reached = {case[0] for table in (ENVELOPES, MANIFESTS, CARRIED_OUT) for case in table.values()}
    assert sorted(name for code, name in codes().items() if code not in reached) == []
    assert sorted(codes()) == list(range(1, verdict.CODES))


def test_patterns_are_far_from_codes_and_from_one_another():
    patterns = (verdict.OPENED, verdict.READ, verdict.DONE, proofs.HOLDS)
    assert min((a ^ b).bit_count() for a in patterns for b in (*patterns, *range(verdict.CODES)) if a != b) >= 4


def test_the_good_one_is_taken():
    target = Slots()
    assert update(good_envelope(), target).verdict == verdict.DONE
    assert [entry[0] for entry in target.log] == ["fetch"]
    assert target.other == {0: target.served[URI]}
