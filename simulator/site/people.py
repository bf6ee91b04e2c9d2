"""Operators of a site: who they are, what they may be, and the secrets made for them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from itertools import pairwise

import yaml

from simulator.site.files import Site, SiteError, write_private

ROLES = {"nurse": 1, "physician": 2, "pharmacist": 3, "biomed": 4, "manufacturer": 5}
SERVICE = 6  # the site's key service: no person has this role
USUAL = ("nurse-1:nurse", "nurse-2:nurse", "physician-1:physician", "pharmacist-1:pharmacist",
         "pharmacist-2:pharmacist", "biomed-1:biomed")  # fmt: skip
_MOST = 2**31 - 1
_NAME_MOST = 40


@dataclass(frozen=True)
class Operator:
    """One person. `number` is what pumps and logs know them by; it is never given to another."""

    number: int
    name: str
    role: str
    revoked: bool = False


def parse_operator(text: str, number: int) -> Operator:
    """`NAME:ROLE`, as a person writes it; SiteError where it is none."""
    name, colon, role = text.rpartition(":")
    if not colon:
        raise SiteError(f"{text!r} is no operator; write NAME:ROLE, for example ada:nurse")
    return checked(Operator(number, name.strip(), role.strip()))


def checked(one: Operator) -> Operator:
    """`one`, if it can be; SiteError where not."""
    if not one.name or len(one.name) > _NAME_MOST or not one.name.isprintable() or "/" in one.name:
        raise SiteError(f"{one.name!r} is no operator's name; write 1 to {_NAME_MOST} printable characters without '/'")
    if one.role not in ROLES:
        raise SiteError(f"operator {one.name!r}: there is no role {one.role!r}; the roles: {', '.join(ROLES)}")
    if not 1 <= one.number <= _MOST:
        raise SiteError(f"operator {one.name!r}: the number {one.number} is not in 1 … {_MOST}")
    return one


def read_people_file(text: str) -> list[Operator]:
    """The operators in a YAML file: `operators:` with a list of `name` and `role`."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as wrong:
        raise SiteError(f"the operators' file is no YAML: {wrong}") from None
    rows = data.get("operators") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SiteError("the operators' file needs a list under 'operators', each with 'name' and 'role'")
    found = []
    for place, row in enumerate(rows):
        unknown = set(row) - {"name", "role"}
        if unknown or not isinstance(row.get("name"), str) or not isinstance(row.get("role"), str):
            raise SiteError(f"operator {place + 1} of the file needs 'name' and 'role', both text, and nothing else")
        found.append(checked(Operator(place + 1, row["name"], row["role"])))
    return found


def unique(people: list[Operator]) -> list[Operator]:
    """`people`, if no name is there twice; SiteError where one is."""
    names = [one.name for one in people]
    for name in names:
        if names.count(name) > 1:
            raise SiteError(f"two operators are named {name!r}; a name is what the log shows, so make them differ")
    return people


def read_people(site: Site) -> list[Operator]:
    """The site's operators; SiteError where the file is not what was written."""
    try:
        rows = yaml.safe_load(site.operators.read_text(encoding="utf-8"))["operators"]
        return [checked(Operator(**row)) for row in rows]
    except (OSError, yaml.YAMLError, TypeError, KeyError) as wrong:
        raise SiteError(f"{site.operators}: the operators cannot be read ({wrong}); restore the file") from None


def write_people(site: Site, people: list[Operator]) -> None:
    """Write them back, in order of number."""
    rows = [vars(one) for one in sorted(people, key=lambda one: one.number)]
    write_private(site.operators, yaml.safe_dump({"operators": rows}, sort_keys=False, allow_unicode=True))


def find(people: list[Operator], name: str) -> Operator:
    """The operator with that name or number; SiteError where there is none."""
    for one in people:
        if name in (one.name, str(one.number)):
            return one
    raise SiteError(f"there is no operator {name!r}; the site's: {', '.join(one.name for one in people)}")


def revoked(one: Operator) -> Operator:
    """The same operator, out of use."""
    return replace(one, revoked=True)


def new_pin(digits: int) -> str:
    """A random PIN, none of those that people guess first."""
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(digits))
        if not is_weak_pin(pin):
            return pin


def is_weak_pin(pin: str) -> bool:
    """Whether a PIN is a run (1234, 8642), one digit or one pair over and over, a year, or shorter than six."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    pair = len(pin) % 2 == 0 and pin == pin[:2] * (len(pin) // 2)
    year = len(pin) == 4 and pin[:2] in ("19", "20")
    return len(pin) < 6 or len(steps) == 1 or pair or year
