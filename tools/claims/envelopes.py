"""Evidence that a pump takes the update that was signed for it, and refuses every other by its own code."""

from __future__ import annotations

import random
from functools import partial

from tools.claims.registry import Outcome, Report, claim
from tools.update_cases.mutants import MUTANTS, rooms_with

ALTERED = 10_000
_ALTERED_DEEP = 200_000
_ALTERED_OF_A_MUTANT = 100
_SEED = 37


def _altered(data: bytes, rng: random.Random) -> bytes:
    """One way to alter it: a bit, a byte, a piece cut, doubled, moved or put in."""
    start = rng.randrange(len(data))
    end = rng.randint(start, min(len(data), start + 64))
    kind = rng.randrange(5)
    if kind < 2:
        return data[:start] + bytes([data[start] ^ (1 << rng.randrange(8))]) + data[start + 1 :]
    if kind == 2:
        return data[:start] + data[end:]
    if kind == 3:
        return data[:end] + data[start:end] + data[end:]
    return data[:start] + rng.randbytes(rng.randint(1, 16)) + data[start:]


@claim(
    "envelopes-refused",
    "A pump takes a firmware image and a drug library in SUIT envelopes signed for it, and refuses each of some 180 "
    "malicious ones by its own code, unsigned to rolled back to a bomb of sequences, without writing a byte that "
    "vendor, class and every proof did not allow; and at least 10,000 envelopes altered by chance.",
    mutants={name: partial(str, name) for name in MUTANTS},
)
def envelopes_refused(deep: bool, subject: str | None, report: Report) -> Outcome:
    """The table of tools/update_cases/malicious.py, then alterations by chance. Wants the extra `site`."""
    from firmware.update import verdict
    from tools.sign.words import verdict_name
    from tools.update_cases import malicious, pump

    rooms = pump.SHIPPED if subject is None else rooms_with(subject)
    wrong: list[str] = []

    def taken(data: bytes) -> bool | str:
        """Whether it was; 'wrote' where something was written that was then refused."""
        target = pump.Slots()
        try:
            said = pump.update(data, target, demands=pump.demanded(rooms), rooms=rooms)
        except Exception as error:
            return type(error).__name__
        return said.verdict == verdict.DONE or ("wrote" if target.log else False)

    good = {"firmware": pump.good_envelope(), "integrated": malicious.integrated()}
    wrong += [f"{name} refused" for name, data in good.items() if taken(data) is not True]
    table = malicious.table()
    for name, case in table.items():
        try:
            said, target = malicious.judge(case, rooms)
        except Exception as error:
            wrong.append(f"{name}: {type(error).__name__}")
            continue
        if said.verdict != case[0]:
            wrong.append(f"{name}: {verdict_name(said.verdict)}, not {verdict_name(case[0])}")
        elif target.log and not case[2]["wrote"]:
            wrong.append(f"{name}: something was written")
    count = _ALTERED_OF_A_MUTANT if subject is not None else _ALTERED_DEEP if deep else ALTERED
    rng = random.Random(_SEED)
    altered = 0
    for number in range(count if not wrong else 0):
        data = list(good.values())[number % len(good)]
        changed = data
        while changed == data:
            changed = _altered(data, rng)
        altered += 1
        if taken(changed) is not False:
            wrong.append(f"alteration {number} of an envelope: {taken(changed)}")
            break
        if number % 1000 == 0:
            report(number, count)
    codes = len({case[0] for case in table.values()})
    figure = f"{len(table)} malicious envelopes refused by {codes} codes, {altered:,} altered by chance refused"
    found = {"altered": altered, "codes": codes, "wrong": wrong[:50]}
    return Outcome(not wrong and altered >= count, figure, found)

