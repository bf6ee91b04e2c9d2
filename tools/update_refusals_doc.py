"""docs/update-refusals.md from the code: `python -m tools.update_refusals_doc` writes it. Wants the extra `site`."""

from __future__ import annotations

from pathlib import Path

from firmware.update import refusal, verdict
from tools.pages import Page

DOCS = Path("docs")
PAGE = "update-refusals.md"

_HEAD = """# What becomes of an update that is refused

<!-- Made by `python -m tools.update_refusals_doc` from the code; do not edit. -->

Each code of `firmware/update/verdict.py`, and what reaches it in `tools/update_cases/malicious.py`. Nothing is written
in any of these cases, but where it says *written*: there the other slot holds what was then refused, as it would what a
torn download left. [updates.md](updates.md) says what is checked in which order. *Claim* `envelopes-refused`.

| code | name | what is refused by it |
|---|---|---|"""

_LIBRARIES = """## Drug libraries and root records

What a person has confirmed is looked at when the pump starts next ([updates.md](updates.md#drug-libraries)), and leaves
all as it was where it is refused: codes of `firmware/update/refusal.py`, cases of
`tools/update_cases/library_cases.py`. Store and broke off (the store refuses; an error of the firmware's own) are
tried in `tests/update/test_carried.py`.
*Claim* `libraries-refused`.

| code | name | what is refused by it |
|---|---|---|"""


def page() -> str:
    """The whole page."""
    from tools.sign.words import verdict_name
    from tools.update_cases import library_cases, malicious

    table = malicious.table()
    lines = [_HEAD]
    for code in range(1, verdict.CODES):
        names = [f"{name} (*written*)" if case[2]["wrote"] else name for name, case in table.items() if case[0] == code]
        lines.append(f"| {code} | {verdict_name(code)} | {'; '.join(names)} |")
    lines += ["", _LIBRARIES]
    cases = library_cases.cases()
    for code in range(refusal.FIRST, refusal.CODES):
        names = [case.name for case in cases if case.code == code]
        lines.append(f"| {code} | {_name(code)} | {'; '.join(names)} |")
    others = sorted({case.code for case in cases if 0 < case.code < refusal.FIRST})
    lines += ["", "And by the codes above:", ""]
    for code in others:
        names = [case.name for case in cases if case.code == code]
        lines.append(f"- {code}, {verdict_name(code)}: {'; '.join(names)}")
    return "\n".join(lines) + "\n"


def _name(code: int) -> str:
    """A code of refusal.py in small words."""
    found = [name for name, value in vars(refusal).items() if value == code and name not in ("FIRST", "CODES")]
    return found[0].lower().replace("_", " ")


_PAGE = Page(PAGE, page, DOCS)
write, check = _PAGE.write, _PAGE.check

if __name__ == "__main__":
    print(write())
