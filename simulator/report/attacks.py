"""The report of a suite of attacks: one page for a reviewer, without a network, and the same as plain text."""

from __future__ import annotations

from pathlib import Path

from simulator.attack.results import Suite
from simulator.report import page, words
from simulator.report.attack_facts import LEGACY, SHIPPED, Facts
from simulator.report.attack_matrix import matrix
from simulator.report.attack_story import story
from simulator.report.attack_style import CSS, SCRIPT
from simulator.report.attack_text import text

PAGE, TEXT = "attacks.html", "summary.txt"
_MOST_FINDINGS = 40


def write(results: Suite, folder: str | Path) -> Path:
    """Write attacks.html and summary.txt to `folder`, made if need be; returns the page's path. OSError as it comes."""
    facts = Facts(results)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    (target / TEXT).write_text(text(facts), encoding="utf-8", newline="\n")
    return page.save(whole(facts), target / PAGE)


def whole(facts: Facts) -> str:
    """The page."""
    suite = facts.suite
    stories = "".join(story(facts, attack) for attack in suite.attacks)
    parts = [
        f'<style>{CSS}</style><header><p class="kicker">KVO · attack suite</p><h1>Which attack reaches the dose, and '
        'what keeps it off</h1><p class="under">A simulated pump and simulated patients. No medical use.</p></header>',
        f'<p class="headline">{words.safe(" ".join(facts.headline()))}</p>',
        page.tiles(_tiles(facts)),
        "<h2>To be read first</h2>" + _findings(facts),
        "<h2>Attacks against controls</h2>" + (matrix(facts) if suite.attacks else '<p class="none">No attacks.</p>'),
        "<h2>The attacks, one by one</h2>"
        '<p><button type="button" id="all" hidden>Open all</button></p>' + stories,
        "<h2>The controls</h2>" + _controls(facts),
        "<h2>What was run</h2>" + _ran(facts),
        "<h2>How to read it</h2>" + _how(),
        "<footer>What was tried is shown, never that nothing else would work. One interpreter isolates no memory. A "
        "simulated pump and patient. No medical use.</footer>",
    ]
    return page.page("Attack suite · KVO", "\n".join(parts), {}, SCRIPT)


def _tiles(facts: Facts) -> list[tuple[str, str]]:
    attacks = facts.suite.attacks
    shipped = [facts.verdict(one.id, SHIPPED) for one in attacks]
    legacy = [facts.verdict(one.id, LEGACY) for one in attacks]
    items = [
        (str(len(attacks)), "attacks"),
        (str(len(facts.suite.controls)), "controls"),
        (f"{shipped.count('blocked')} of {sum(map(bool, shipped))}", "fail against the shipped pump"),
    ]
    if any(legacy):
        items.append((f"{legacy.count('dose')} of {sum(map(bool, legacy))}", "reach the dose of a pump of 2012"))
    for size in (1, 2, 3):
        if facts.searched:
            items.append((str(facts.by_size[size]), f"kept off by {size} control{'s' if size > 1 else ''} at least"))
    return items


def _findings(facts: Facts) -> str:
    found = facts.findings
    if not found:
        return (
            '<div class="findings none-found">Nothing stands out: every attack fails against the shipped pump, every '
            "one is stopped by its own control, and no single control keeps one from the dose.</div>"
        )
    lines = []
    for one in found[:_MOST_FINDINGS]:
        name = words.safe(one.attack)
        link = f'<a href="#a-{name}">{name}</a>: ' if one.attack else ""
        lines.append(f"<li>{link}{words.safe(one.says)}</li>")
    more = len(found) - _MOST_FINDINGS
    lines += [f"<li>and {more} more, in {TEXT}</li>"] if more > 0 else []
    return f'<div class="findings"><ul>{"".join(lines)}</ul></div>'


def _controls(facts: Facts) -> str:
    rows = []
    for one in facts.suite.controls:
        own = [attack.id for attack in facts.suite.attacks if attack.control == one.name]
        sizes = [facts.size_with(attack.id, one.name) for attack in facts.suite.attacks]
        counts = [str(sizes.count(size) or "") for size in (1, 2, 3)]
        links = ", ".join(f'<a href="#a-{words.safe(name)}">{words.safe(name)}</a>' for name in own)
        told = f"<b>{words.safe(one.name)}</b><br>{words.safe(one.says)}"
        where = f"{words.safe(one.layer)}<br><code>{words.safe(one.where)}</code>"
        rows.append([told, where, links or '<span class="none">–</span>', *counts])
    heads = [("Control", False), ("Layer and place", False), ("Own control of", False)]
    heads += [("Alone", True), ("Of two", True), ("Of three", True)]
    return page.table(heads, rows)


def _ran(facts: Facts) -> str:
    kinds: dict[tuple[str, str], list] = {}
    for run in facts.suite.runs:
        kinds.setdefault((run.profile, run.home), []).append(run)
    rows = []
    for (profile, home), runs in sorted(kinds.items()):
        seeds = ", ".join(str(seed) for seed in sorted({run.seed for run in runs}))
        verdicts = [run.verdict for run in runs]
        counts = [str(verdicts.count(name) or "") for name in ("blocked", "bites", "harm", "dose")]
        rows.append([words.safe(profile), words.safe(home), words.safe(seeds), str(len(runs)), *counts])
    heads = [("Pump", False), ("Home", False), ("Seeds", False), ("Runs", True)]
    heads += [(name, True) for name in ("Blocked", "Bites", "Harm", "Dose")]
    said = f"<p>{len(facts.suite.cells)} further runs looked for minimal sets. All took "
    return f"{page.table(heads, rows)}{said}{words.clock(facts.suite.wall_s)} on this machine.</p>"


def _how() -> str:
    items = (
        ("blocked", "every property holds, and the dose is what it would have been without the adversary"),
        ("bites", "a security property fails; the dose stays within its tolerance"),
        ("harm", "a safety property fails that is not of the dose, such as an alarm that does not ring"),
        ("dose", "the dose is another, by the plant: by 5 % of what was due since the attack began, and 0.02 mL at "
         "least; or a safety property of the dose fails"),
        ("own control", "what the attack is aimed at: without it, its own property fails, so the attack is real"),
        ("minimal set", "controls whose removal together lets the attack reach the dose, while no fewer of them do"),
        ("margin", "how far the signals may move before a property changes over; above 0 it holds"),
    )  # fmt: skip
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{says}</dd>" for name, says in items) + "</dl>"
