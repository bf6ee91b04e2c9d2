"""Every claim holds, and every mutant that it names is rejected."""

import pytest

from tools.claims.registry import claims

CLAIMS = claims()


@pytest.mark.parametrize("name", CLAIMS)
def test_the_claim_holds(name):
    outcome = CLAIMS[name].run()
    assert outcome.holds, f"{name}: {outcome.figure} {outcome.data}"


@pytest.mark.parametrize(("name", "mutant"), [(name, mutant) for name in CLAIMS for mutant in CLAIMS[name].mutants])
def test_the_claim_rejects_its_mutant(name, mutant):
    outcome = CLAIMS[name].run_mutant(mutant)
    assert not outcome.holds, f"{name} accepts the mutant '{mutant}': {outcome.figure}"
