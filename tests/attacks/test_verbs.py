"""What the adversaries' verbs need besides their position is said in one line, with the remedy."""

import pytest

from simulator.files.scenario import load_scenario, shipped_attacks
from simulator.files.yaml_source import FileProblem

CASES = [
    ("retained-poison", "network: mqtt\n", "", "retain_request needs a broker; add 'network: mqtt'"),
    ("card-with-another-key", ", card: true", "", "nurse carries no card; add 'card: true' there"),
    ("comms-hangs", "homes: [cpython]", "homes: [cpython, micropython]", "write 'homes: [cpython]'"),
    ("comms-hangs", "positions: [comms-partition]", "positions: [on-path]", "takes the position comms-partition"),
    ("retained-poison", "positions: [malicious-broker]", "positions: [on-path]", "takes the position malicious-broker"),
    ("old-facts-again", "how: drop", "how: lose", "write one of: change, drop, drop_alarms, hold"),
    ("serial-through-a-terminal-server", 'data: "ff 00 80 7f 0a"', "data: zz", "is not hexadecimal"),
    ("audit-rewritten", "offset: 5000", "offset: 99999", "offset"),
    ("lost-tablet-revoked", "do: revoke, who: nurse", "do: revoke, who: nobody", "nobody is called 'nobody'"),
    ("clock-set-back", "back: 10 h", "back: 10 h, ahead: 1 h", "write one of 'ahead' and 'back'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "says"), CASES)
def test_what_is_missing_is_said(name, old, new, says, tmp_path):
    text = shipped_attacks()[name].read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / f"{name}.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(FileProblem) as refused:
        load_scenario(path)
    assert says in str(refused.value)
    assert str(refused.value).count("\n") == 0
