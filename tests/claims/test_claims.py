"""Every claim holds, and every mutant that it names is rejected."""

import importlib.util

import pytest

from simulator.homes import HomeError, webassembly
from simulator.homes.micropython import interpreter
from tools.claims.registry import claims

CLAIMS = claims()
MUTANTS = [(name, mutant) for name in CLAIMS for mutant in CLAIMS[name].mutants]
# Without the interpreter these hold nowhere, and would "reject" their mutants for the wrong reason.
NEED_MICROPYTHON = (
    "bare-demo", "comms-deaf", "compares-tell-nothing", "decoding-bounded", "lockstep-robust",
    "pico-parts-allocate-nothing", "signatures-verify", "tick-allocates-nothing", "traces-equal",
    "turn-allocates-nothing", "vectors",
)  # fmt: skip
NEED_WEBASSEMBLY = ("bare-demo", "fits-the-device", "signatures-verify", "traces-equal", "vectors")
NEED_ATHERIS = ("fuzz",)


def _evidence_is_to_be_had(name):
    try:
        if name in NEED_MICROPYTHON:
            interpreter()
        if name in NEED_WEBASSEMBLY:
            webassembly.command("")
    except HomeError as error:
        pytest.skip(f"claim {name}: {error}")
    if name in NEED_ATHERIS and importlib.util.find_spec("atheris") is None:
        pytest.skip(f"claim {name}: the fuzzer atheris is not installed")


@pytest.mark.parametrize("name", CLAIMS)
def test_the_claim_holds(name):
    _evidence_is_to_be_had(name)
    outcome = CLAIMS[name].run()
    assert outcome.holds, f"{name}: {outcome.figure} {outcome.data}"


@pytest.mark.parametrize(("name", "mutant"), MUTANTS)
def test_the_claim_rejects_its_mutant(name, mutant):
    _evidence_is_to_be_had(name)
    outcome = CLAIMS[name].run_mutant(mutant)
    assert not outcome.holds, f"{name} accepts the mutant '{mutant}': {outcome.figure}"


def test_those_that_need_an_interpreter_are_claims():
    assert set(NEED_MICROPYTHON + NEED_WEBASSEMBLY + NEED_ATHERIS) <= set(CLAIMS)
