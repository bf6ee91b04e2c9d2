"""What a person of a site was handed, for tests that log in."""

from __future__ import annotations

import re

from simulator.site.files import Site
from simulator.site.people import find, read_people


def password(site: Site, name: str) -> str:
    """The first password of an operator."""
    number = find(read_people(site), name).number
    text = (site.folder / "to-hand-over" / f"{number}.txt").read_text()
    found = re.search(r"Password for terminals: (\S+)", text)
    assert found is not None
    return found[1]
