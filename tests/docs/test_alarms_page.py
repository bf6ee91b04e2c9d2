"""docs/alarms.md says of each alarm what the hand-written table says, in its order."""

import re
from pathlib import Path

from simulator.names import ALARMS, PRIORITIES
from tools.alarm_table import EXPECTED, FIRST

PAGE = (Path(__file__).parents[2] / "docs" / "alarms.md").read_text(encoding="utf-8")
RISES = {"": 0, "told so, 3 min before the end": -1, "after 5 min": 300, "after 30 min": 1800}


def test_the_table_of_alarms_is_current():
    section = PAGE[PAGE.index("## What there is") : PAGE.index("## Lamp and sound")]
    lines = re.findall(r"^\|(.*)\|$", section, re.MULTILINE)[2:]
    rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    assert [row[0] for row in rows] == [ALARMS[code] for code in FIRST]
    said = {row[0]: (PRIORITIES.index(row[1]), row[2] == "yes", RISES[row[3]]) for row in rows}
    assert said == {ALARMS[code]: expected for code, expected in EXPECTED.items()}
