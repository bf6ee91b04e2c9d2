"""Evidence that a pump with slots refuses what is not its update, says so to the audit, and boots what it did before."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from tools.claims.registry import Outcome, Report, claim

# Of firmware/update: the module, a text that is in it once, and what stands there instead.
_SLOTS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "nobody has it installed": ("updater", (("        if not self.scheduled_by():", "        if False:"),
                                            ("return self.slot.scheduled_by() if", "return 1 if"))),
    "installed with a patient": ("running", ((
        "updater.scheduled_by() if maintenance and at_rest else 0", "updater.scheduled_by()"),)),
    "bytecode of any kind": ("contents", (("if self._sink.other", "if False"),)),
    "files of any name": ("contents", (("if verdict == bundle.BAD_PATH:", "if False:"),
                                       ("if verdict not in (", "if verdict not in (bundle.BAD_PATH, "),
                                       ("if self._reader.verdict != bundle.COMPLETE:", "if False:"))),
    "started or not": ("contents", (("if not self._sink.has_main:", "if False:"),)),
    "whatever stands behind it": ("slot", (("elif self._buffer[:count] != self._blank[:count]:", "elif False:"),)),
    "a refusal that nobody hears of": ("running", ((
        "            self._note(REFUSED, reason, NO_SLOT, self.number(), self._operator)\n", "            pass\n"),)),
    "tried as soon as it is there": ("updater", (("                self.state = READY\n",
                                                  "                self.state = READY\n                self._record.put_on_trial(self.other(), self.number, self.digest)\n"),)),
}  # fmt: skip
# Of the rooms before them, by their names in tools/update_cases/mutants.py.
_ROOMS = ("a rollback", "the same number, with other content", "any vendor and class", "proofs that came along",
          "any signature", "any MAC", "images unseen", "a component of another pump")  # fmt: skip


def _pump(subject: str | None) -> Any:
    """What makes a pump, with the mutant in its place."""
    from tools.update_cases import mutants, refused, slotted

    if subject is None:
        return refused.Pump
    if subject in _SLOTS:
        return partial(refused.Pump, slotted.rooms_with(*_SLOTS[subject]))
    earlier = mutants.rooms_with(subject)
    rooms = slotted.rooms_with("updater", ())
    rooms.updater.Manifest = earlier.manifest.Manifest
    rooms.updater.Opening = earlier.suit.Opening
    rooms.updater.Processor = earlier.processor.Processor
    return partial(refused.Pump, rooms, earlier.proofs)


def _judge(name: str, case: Any, make: Any) -> str:
    """What is wrong with how a pump took a case, or nothing."""
    pump = make()
    start = pump.boots()
    trial = case.before is not None
    try:
        pump.bring(case)
    except Exception as error:
        return f"{name}: {type(error).__name__}: {error}"
    running = pump.rooms.running
    codes = [note.code for note in pump.notes if note.what == running.REFUSED]
    if not codes or codes[0] != case.code:
        return f"{name}: noted {codes}, not {case.code}"
    if any(note.what in (running.INSTALLED, running.STAGED) for note in pump.notes):
        return f"{name}: it was taken"
    after = pump.boots()
    if (after.mode, after.slot, after.digest, after.image) != (start.mode, start.slot, start.digest, start.image):
        return f"{name}: another image boots"
    if not trial and pump.rooms.record.Record(pump.flash).sequence != pump.updates.record.sequence:
        return f"{name}: the boot record was written"
    return ""


def _good(make: Any) -> list[str]:
    """The good update: waits for somebody who may, for maintenance, and is then tried; and nothing else happens."""
    from tools.update_cases import refused

    wrong = []
    pump = make()
    pump.bring(refused.Case(0, refused.NEW, asks=0))
    if pump.updates.state() != pump.rooms.updater.READY or pump.boots().digest != pump.booted.digest:
        wrong.append("installed though nobody asked for it")
    pump.updates.install(refused.NEW.number, refused.BIOMED)
    for _ in range(3):
        pump.turn(maintenance=False)
    if pump.boots().digest != pump.booted.digest:
        wrong.append("installed outside maintenance")
    for _ in range(3):
        pump.turn()
    whats = [note.what for note in pump.notes]
    running = pump.rooms.running
    if pump.boots().number != refused.NEW.number or whats != [running.STAGED, running.SCHEDULED, running.INSTALLED]:
        wrong.append(f"the good update: {whats}, {pump.boots().number} boots")
    return wrong


def _signer() -> list[str]:
    """A signing key whose folder was copied, or whose state was put back, does not sign."""
    from tools.sign.keys import SigningKey, make_key
    from tools.sign.problem import SignProblem

    wrong = []
    with tempfile.TemporaryDirectory() as place:
        before = os.environ.get("KVO_SIGN_WITNESS")
        os.environ["KVO_SIGN_WITNESS"] = str(Path(place) / "witness")
        try:
            folder = Path(place) / "maker"
            key = make_key(folder, 5)
            saved = Path(place) / "saved"
            shutil.copytree(folder, saved)
            key.sign(b"one")
            states = {path.name: path.read_bytes() for path in saved.iterdir() if path.is_file()}
            private = next(path for path in folder.iterdir() if "state" in path.name)
            private.write_bytes(states[private.name])
            for what, there in (("copied", saved), ("put back", folder)):
                try:
                    SigningKey(there).sign(b"two")
                    wrong.append(f"a signing key that was {what} signs")
                except SignProblem:
                    pass
        finally:
            if before is None:
                del os.environ["KVO_SIGN_WITNESS"]
            else:
                os.environ["KVO_SIGN_WITNESS"] = before
    return wrong


@claim(
    "updates-refused",
    "A pump with slots refuses an update that is unsigned, signed by a stranger or a revoked key, not counter-signed "
    "for it, older, for others, cut, padded, with a file more or a name that leads out, or for another interpreter, "
    "each by its own code in the audit, and boots what it did before; the signer refuses a state that was used.",
    mutants={name: partial(str, name) for name in (*_SLOTS, *_ROOMS)},
)
def updates_refused(deep: bool, subject: str | None, report: Report) -> Outcome:
    """The table of tools/update_cases/refused.py, on the pump's own code over a simulated flash; the same if `deep`."""
    from tools.update_cases import refused

    make = _pump(subject)
    wrong: list[str] = []
    table = refused.cases()
    for number, (name, case) in enumerate(table.items()):
        report(number, len(table))
        found = _judge(name, case, make)
        if found:
            wrong.append(found)
    wrong += _good(make)
    if subject is None:
        wrong += _signer()
    codes = len({case.code for case in table.values()})
    return Outcome(not wrong, f"{len(table)} updates refused by {codes} codes, each in the audit; the good one taken",
                   {"cases": len(table), "codes": codes, "wrong": wrong})  # fmt: skip
