"""What a suite of attacks comes to, counted: for the page and for the text, which so cannot say different things."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from simulator.attack.results import BLOCKED, DOSE, VERDICTS, AttackRun, AttackSaid, MinimalSets, Suite

SHIPPED, LEGACY = "shipped", "legacy"


@dataclass(frozen=True)
class Finding:
    """Something that a reviewer ought to read first. kind: through, alone, toothless, problem or needless."""

    kind: str
    attack: str
    says: str


class Facts:
    """Counts over one suite."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.runs: dict[str, list[AttackRun]] = {}
        for run in suite.runs:
            self.runs.setdefault(run.attack, []).append(run)
        self._minimal = {one.attack: one for one in suite.minimal}

    def of(self, attack: str, profile: str) -> list[AttackRun]:
        """Runs of an attack in a profile, in every home and seed."""
        return [run for run in self.runs.get(attack, []) if run.profile == profile]

    def verdict(self, attack: str, profile: str = SHIPPED) -> str:
        """The worst verdict of an attack in a profile; empty where it was not run."""
        return max((run.verdict for run in self.of(attack, profile)), key=VERDICTS.index, default="")

    def minimal(self, attack: str) -> MinimalSets | None:
        """What was found for an attack, None where nothing was looked for."""
        return self._minimal.get(attack)

    def sets(self, attack: str) -> tuple[tuple[str, ...], ...]:
        """The minimal sets of an attack, small ones first."""
        found = self._minimal.get(attack)
        return tuple(sorted(found.sets, key=lambda one: (len(one), one))) if found is not None else ()

    def smallest(self, attack: str) -> int:
        """How many controls stand at least between an attack and the dose; 0 where no set was found."""
        return min((len(one) for one in self.sets(attack)), default=0)

    def size_with(self, attack: str, control: str) -> int:
        """The size of the smallest minimal set that a control is of, 0 where it is of none."""
        return min((len(one) for one in self.sets(attack) if control in one), default=0)

    def without_own(self, attack: AttackSaid) -> bool | None:
        """Whether the attack's own property fails without its own control; None where that was not run."""
        alone = (attack.control,)
        found = [run.local_holds for run in self.runs.get(attack.id, []) if run.ablated == alone]
        found += [cell.local_holds for cell in self.suite.cells if cell.attack == attack.id and cell.ablated == alone]
        return None if not found else not all(found)

    def shift(self, attack: str, profile: str) -> float | None:
        """The largest shift of the dose in a profile, mL, with its sign; None where it was not run."""
        return max((run.dose.shift_ml for run in self.of(attack, profile)), key=abs, default=None)

    def least(self, attack: str, name: str, profile: str) -> float | None:
        """The least margin of a property over the runs of a profile."""
        found = [one.margin for run in self.of(attack, profile) for one in run.properties if one.name == name]
        return min(found, default=None)

    @cached_property
    def needed(self) -> list[str]:
        """Controls that are some attack's own or of some minimal set, in their order."""
        wanted = {attack.control for attack in self.suite.attacks}
        wanted |= {name for one in self.suite.minimal for found in one.sets for name in found}
        return [control.name for control in self.suite.controls if control.name in wanted]

    @cached_property
    def needless(self) -> list[str]:
        """The others, where every attack was searched."""
        if not self.searched:
            return []
        return [control.name for control in self.suite.controls if control.name not in self.needed]

    @property
    def searched(self) -> int:
        """Attacks whose minimal sets were looked for."""
        return len(self._minimal)

    @cached_property
    def by_size(self) -> Counter[int]:
        """How many attacks reach the dose by taking away how many controls at least; 0: by none that was tried."""
        return Counter(self.smallest(one.attack) for one in self.suite.minimal)

    @cached_property
    def findings(self) -> list[Finding]:
        """What is to be read first, worst first."""
        found = []
        for run in self.suite.runs:
            if run.profile == SHIPPED and not run.holds:
                says = f"{run.verdict} against the shipped pump, home {run.home}, seed {run.seed}"
                found.append(Finding("through", run.attack, says))
        for attack, why in self.suite.problems:
            found.append(Finding("problem", attack, f"no verdict: {why}"))
        for attack_said in self.suite.attacks:
            for one in self.sets(attack_said.id):
                if len(one) < 2:
                    says = f"one control alone keeps it from the dose: {one[0]}" if one else "nothing keeps it off"
                    found.append(Finding("alone", attack_said.id, says))
            if self.without_own(attack_said) is False:
                says = f"its property {attack_said.property} holds without {attack_said.control} too"
                found.append(Finding("toothless", attack_said.id, says))
        if self.needless:
            found.append(Finding("needless", "", f"no attack here needs these controls: {', '.join(self.needless)}"))
        return found

    def headline(self) -> list[str]:
        """What it all came to, in a few sentences."""
        suite = self.suite
        count = len(suite.attacks)
        said = [f"{count} attacks, {len(suite.controls)} controls."]
        shipped = [self.verdict(one.id) for one in suite.attacks]
        ran = [one for one in shipped if one]
        if ran:
            seeds = {run.seed for run in suite.runs if run.profile == SHIPPED}
            homes = {run.home for run in suite.runs if run.profile == SHIPPED}
            said.append(
                f"Against the shipped pump {ran.count(BLOCKED)} of {len(ran)} fail ({_count(len(seeds), 'seed')}, "
                f"{_count(len(homes), 'home')}) and {ran.count(DOSE)} reach the dose."
            )
        said += self._ablated()
        legacy = [self.verdict(one.id, LEGACY) for one in suite.attacks]
        if any(legacy):
            ran = [one for one in legacy if one]
            said.append(f"Against a pump of 2012, the legacy profile, {ran.count(DOSE)} of {len(ran)} reach it.")
        if suite.problems:
            said.append(f"{_count(len(suite.problems), 'run')} came to no verdict.")
        return said

    def _ablated(self) -> list[str]:
        if not self.searched:
            return ["The smallest sets of controls that keep them off were not looked for."]
        reach = self.searched - self.by_size[0]
        parts = [f"{self.by_size[size]} without {_count(size, 'control')}" for size in sorted(self.by_size) if size]
        how = f": {', '.join(parts)}" if parts else ""
        largest = max(one.largest for one in self.suite.minimal)
        rest = f"; {self.by_size[0]} with no set of up to {largest}" if self.by_size[0] else ""
        return [f"With controls taken away, {reach} of {self.searched} reach the dose{how}{rest}."]


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
