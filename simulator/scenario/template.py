"""What `kvo scenario new` writes: a commented scenario that passes its check and holds."""

from __future__ import annotations

_TEMPLATE = """\
# yaml-language-server: $schema=./{schema}
# A scenario: what is infused, what happens, and what must hold meanwhile. 'kvo scenario check {name}.yaml' says
# whether it is sound, 'kvo scenario run {name}.yaml' plays it. All keys: docs/scenarios.md.
kvo: scenario/1
name: {name}
title: An occlusion while norepinephrine runs
story: >
  Say in a few sentences what happens to whom, and why it matters.

# A shipped programme ('kvo programme list'), a file beside this one, or what a programme file holds. The last form may
# begin from another: {{use: norepinephrine-8h, therapy: {{dose_rate: 0.2 ug/kg/min}}}}. Of the programme's own timeline
# nothing happens here.
programme: norepinephrine-8h
duration: 10 min

# With people, the pump has credentials and judges what it hears; the first one logs in and programmes it. Without, it
# believes a script: the verbs hostile, authentic and compromised.
# people:
#   nurse: {{number: 7, role: nurse}}

# Verbs: 'kvo scenario verbs'.
timeline:
  - {{at: 3 min, do: occlude_downstream, note: the patient lies on the line}}
  - {{at: 6 min, do: clear_occlusion}}
  - {{at: 6 min 5 s, do: press, key: acknowledge}}
  - {{at: 6 min 7 s, do: press, key: start}}

# What breaks: 'kvo faults list'.
# faults:
#   - {{at: 2 min, fault: down_pressure_offset, by: -60 mmHg, for: 5 min}}

# Signals: 'kvo scenario signals'. A margin above 0 holds; leave room ('< 1' for a count that must stay 0).
properties:
  - name: occlusion-told
    kind: safety
    says: an occlusion rings within four minutes
    from: 3 min
    formula: eventually[0, 4 min] alarm_occlusion_down
  - name: pressure-bounded
    kind: safety
    says: the line never comes to 900 mmHg
    formula: always (pressure < 900 mmHg)
  - name: runs-again
    kind: safety
    says: once the line is free and somebody has pressed start, the drug flows again
    from: 7 min
    formula: always (delivery_infusing and flow > 3 mL/h)

# Where somebody attacks: from where, what stops it, and which security property fails without that.
# attack:
#   positions: [network]
#   control: request-mac
#   property: forged-refused
# references: {{cwe: [CWE-345], cve: [CVE-2015-3956]}}

seeds: [0]
homes: [cpython]
"""
SCHEMA_NAME = "kvo-scenario-1.schema.json"


def template(name: str) -> str:
    """The text of a new scenario of that name."""
    return _TEMPLATE.format(name=name, schema=SCHEMA_NAME)
