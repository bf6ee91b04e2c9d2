"""Evidence that a drug library is in force by two pharmacists and a person's word, and root records by their key."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

from tools.claims.registry import Outcome, Report, claim

ALTERED = 60
_ALTERED_DEEP = 6_000
_SEED = 41


@claim(
    "libraries-refused",
    "A drug library that two pharmacists signed is in force once a person who may has confirmed it in maintenance and "
    "the pump was started again. Any other leaves the one in force as it was, and the audit tells its code: unsigned, "
    "by one pharmacist or one twice, by a wrong or revoked key, older, the same number with other content, for another "
    "class, truncated, while a therapy stands, tampered with after the check, with limits out of order, or confirmed "
    "by nobody who may. A root record gives way to one signed by its own root key alone; and a library that is changed "
    "in the store is not read.",
    mutants={name: partial(str, name) for name in (
        "one signature is enough", "one person may sign twice", "revoked keys count", "signatures unread",
        "a library of any number", "limits unread", "words of anybody's", "a word of anybody who is logged in",
        "while a therapy stands", "any seal", "root records unsigned", "root signatures unread",
        "root records of any sequence", "nobody is told",
    )},
)  # fmt: skip
def libraries_refused(deep: bool, subject: str | None, report: Report) -> Outcome:
    """The cases of tools/update_cases/library_cases.py, good ones, changes of the store, alterations by chance."""
    from firmware.therapy import messages as msg
    from tools.update_cases import library_cases as lc
    from tools.update_cases.library_mutants import without

    wrong: list[str] = []
    cases = lc.cases()
    with without(subject):
        for number, case in enumerate(cases):
            if wrong and subject is not None:
                break
            report(number, len(cases))
            due = case.code if case.said in (msg.AT_NEXT_START, msg.NONE) else -1
            try:
                met = lc.meet(case)
            except Exception as error:
                wrong.append(f"{case.name}: {type(error).__name__} {error}")
                continue
            if (met.code, met.message) != (due, case.said):
                wrong.append(f"{case.name}: code {met.code}, not {due}; answered {met.message}, not {case.said}")
            if not (met.library and met.roots):
                wrong.append(f"{case.name}: what was in force is not")
        wrong += [] if wrong else _good()
        wrong += [] if wrong else _changed_in_the_store()
        altered = 0 if wrong else _altered(_ALTERED_DEEP if deep else ALTERED, wrong, report)
    codes = len({case.code for case in cases if case.code})
    figure = f"{len(cases)} refused by {codes} codes and told, {altered} altered by chance refused"
    return Outcome(not wrong, figure, {"altered": altered, "cases": len(cases), "codes": codes, "wrong": wrong[:50]})


def _good() -> list[str]:
    """What has to be taken is."""
    from firmware.update.roots import RootStore, frame
    from hal import ports
    from tools.update_cases import carried
    from tools.update_cases.library_cases import next_roots, rotation

    wrong = []
    site = carried.Carried()
    site.start()
    site.stage(carried.parcel())
    site.confirm()
    pump = site.start()
    pump.run(3_000)
    content = [site.store.content(area) for area in carried.AREAS]
    if site.in_force() != (carried.NEW, carried.numbered(carried.NEW)) or content[0] != content[1]:
        wrong.append("a good library is not in force, twice")
    if pump.app.library.sequence != carried.NEW or [one.values["code"] for one in site.told()] != [0]:
        wrong.append("a good library is not read, or not told")
    site.stage(rotation(next_roots()))
    site.confirm(2)
    site.start()
    store = RootStore(site.store)
    if store.roots is None or store.roots.sequence != next_roots().sequence or store.behind:
        wrong.append("a good root record is not in force, twice")
    if not site.store.content(ports.AREA_ROOTS_A).startswith(frame(next_roots())):
        wrong.append("a good root record is not what was signed")
    return wrong


def _changed_in_the_store() -> list[str]:
    """A bit of a copy in force: the other is read; of both: none is."""
    from tools.update_cases import carried

    wrong = []
    for areas, due in ((carried.AREAS[:1], carried.OLD), (carried.AREAS[1:], carried.OLD), (carried.AREAS, 0)):
        for offset in (9, 60, 400):
            site = carried.Carried()
            for area in areas:
                # A bit of the entries, and the checksum with it: whoever writes flash can reckon that.
                data = bytearray(site.store.content(area))
                data[offset] ^= 1
                size = 16 + 119 * int.from_bytes(data[6:8], "little")
                data[12:16] = _crc(bytes(data[16:size]))
                site.store.load(area, bytes(data))
            pump = site.start()
            if pump.app.library.sequence != due:
                wrong.append(f"byte {offset} changed in {areas}: {pump.app.library.sequence} is read, not {due}")
    return wrong


def _crc(data: bytes) -> bytes:
    import zlib

    return zlib.crc32(data).to_bytes(4, "little")


def _altered(count: int, wrong: list[str], report: Report) -> int:
    """Parcels altered by chance, confirmed as they are: none is in force."""
    from tools.update_cases import carried
    from tools.update_cases.library_cases import Case, meet

    rng = random.Random(_SEED)
    good = carried.parcel()
    done = 0
    for number in range(count):
        report(number, count)
        data = bytearray(good)
        place = rng.randrange(8, len(data))
        if rng.random() < 0.8:
            data[place] ^= 1 << rng.randrange(8)
        else:
            del data[place : place + rng.randint(1, 40)]
        met: Any = meet(Case(f"alteration {number}", 0, partial(bytes, data)))
        done += 1
        if met.code <= 0 or not met.library or not met.roots:
            wrong.append(f"alteration {number}: {met}")
            break
    return done
