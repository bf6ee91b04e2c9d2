"""Attacks against controls as a field of cells: how few controls stand between each attack and the dose.

A cell says its number; its shade says it again, in one hue, so that nobody needs to tell red from green.
"""

from __future__ import annotations

from simulator.attack.results import AttackSaid, ControlSaid
from simulator.report import words
from simulator.report.attack_facts import LEGACY, SHIPPED, Facts

_WORDS = {
    1: "alone keeps it from the dose", 2: "with one other keeps it from the dose",
    3: "with two others keeps it from the dose",
}  # fmt: skip


def matrix(facts: Facts) -> str:
    """The key, the filters (shown where scripts run) and the table."""
    controls = [one for one in facts.suite.controls if one.name in facts.needed]
    rows = "".join(_row(facts, place, attack, controls) for place, attack in enumerate(facts.suite.attacks))
    table = f'<table class="matrix" id="matrix"><thead>{_head(controls)}</thead><tbody>{rows}</tbody></table>'
    return f'{_key()}{_filters(facts, controls)}<div class="scroll field">{table}</div>'


def _key() -> str:
    marks = "".join(f'<span><i class="c n{size}">{size}</i>{words.safe(says)}</span>' for size, says in _WORDS.items())
    own = '<span><i class="c own">&nbsp;</i>the attack\'s own control: its own property fails without it</span>'
    return f'<div class="key">{marks}{own}<span>empty: the attack does not need it gone</span></div>'


def _filters(facts: Facts, controls: list[ControlSaid]) -> str:
    positions = sorted({place for attack in facts.suite.attacks for place in attack.positions})
    sizes = [("1", "one control"), ("2", "two"), ("3", "three"), ("0", "no set was found")]
    return (
        '<form class="filters" id="filters" hidden>'
        '<label>Find <input type="search" id="find" placeholder="name, control, CVE"></label>'
        f"<label>From {_select('position', [(one, one) for one in positions])}</label>"
        f"<label>Needs {_select('control', [(one.name, one.name) for one in controls])}</label>"
        f"<label>Kept off by {_select('size', sizes)}</label>"
        '<output id="shown"></output></form>'
    )


def _select(name: str, choices: list[tuple[str, str]]) -> str:
    shown = "".join(f'<option value="{words.safe(value)}">{words.safe(text)}</option>' for value, text in choices)
    return f'<select id="{name}"><option value="">any</option>{shown}</select>'


def _head(controls: list[ControlSaid]) -> str:
    """Layers above, names below; the first columns sort, and a control's name sorts by it."""
    spans: list[list] = []
    for one in controls:
        if spans and spans[-1][0] == one.layer:
            spans[-1][1] += 1
        else:
            spans.append([one.layer, 1])
    layers = "".join(f'<th class="layer" colspan="{wide}">{words.safe(layer)}</th>' for layer, wide in spans)
    first = "".join(
        f'<th class="lead{wide}" data-sort="{place}" title="{words.safe(says)}">{text}</th>'
        for place, (text, wide, says) in enumerate(
            (
                ("Attack", " who", "sort by name"),
                ("Shipped", "", "the worst verdict against the shipped pump"),
                ("2012", "", "the worst verdict against the legacy profile"),
                ("Least", "", "how many controls at least stand between it and the dose"),
            )
        )
    )
    names = "".join(
        f'<th class="up" data-sort="{place}" title="{words.safe(one.says)}"><span>{words.safe(one.name)}</span></th>'
        for place, one in enumerate(controls, 4)
    )
    return f'<tr class="layers"><th colspan="4"></th>{layers}</tr><tr>{first}{names}</tr>'


def pill(verdict: str) -> str:
    """A verdict as a word on a shade; nothing where there is none."""
    return f'<span class="v {words.safe(verdict)}">{words.safe(verdict)}</span>' if verdict else ""


def _row(facts: Facts, place: int, attack: AttackSaid, controls: list[ControlSaid]) -> str:
    smallest = facts.smallest(attack.id)
    searched = facts.minimal(attack.id) is not None
    text = " ".join([attack.id, attack.title, attack.control, *(one for some in facts.sets(attack.id) for one in some)])
    text += " " + " ".join(one for some in attack.references.values() for one in some)
    data = f'data-place="{place}" data-text="{words.safe(text.lower())}" data-size="{smallest if searched else ""}"'
    data += f' data-position="{words.safe(" ".join(attack.positions))}"'
    needs = {attack.control, *(one for some in facts.sets(attack.id) for one in some)}
    data += f' data-control="{words.safe(" ".join(sorted(needs)))}"'
    least = str(smallest) if smallest else ("–" if searched else "")
    lead = (
        f'<th class="who"><a href="#a-{words.safe(attack.id)}" title="{words.safe(attack.title)}">'
        f"{words.safe(attack.id)}</a></th>"
        f"<td>{pill(facts.verdict(attack.id, SHIPPED))}</td><td>{pill(facts.verdict(attack.id, LEGACY))}</td>"
        f'<td class="least">{least}</td>'
    )
    return f"<tr {data}>{lead}{''.join(_cell(facts, attack, one.name) for one in controls)}</tr>"


def _cell(facts: Facts, attack: AttackSaid, control: str) -> str:
    size = facts.size_with(attack.id, control)
    is_own = control == attack.control
    if not size and not is_own:
        return "<td></td>"
    kinds = (["c", f"n{min(size, 3)}"] if size else ["c"]) + (["own"] if is_own else [])
    says = [f"{attack.id}, {control}"]
    if is_own:
        says.append("its own control")
    says += [" + ".join(one) for one in facts.sets(attack.id) if control in one]
    return f'<td class="{" ".join(kinds)}" title="{words.safe("; ".join(says))}">{size or ""}</td>'
