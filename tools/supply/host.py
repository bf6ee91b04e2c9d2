"""Which distributions the host's tools are made of: what `kvo` asks for, and what that asks for, as it is installed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata

from tools.supply.problem import SupplyProblem

_NAME = re.compile(r"[-_.]+")
# Classifiers say a licence in words; those that are one SPDX licence for certain.
_CLASSIFIED = {
    "Apache Software License": "Apache-2.0", "MIT License": "MIT", "MIT No Attribution License (MIT-0)": "MIT-0",
    "ISC License (ISCL)": "ISC", "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0", "The Unlicense (Unlicense)": "Unlicense",
}  # fmt: skip
_LONGEST = 60  # of a licence's name: some put the whole text there


@dataclass(frozen=True, slots=True)
class Distribution:
    """name: as PyPI normalises it (PEP 503); licence: an SPDX expression, a name, or '' where none is said."""

    name: str
    version: str
    licence: str
    needs: tuple[str, ...]


def installed(root: str = "kvo", extras: Iterable[str] | None = None) -> list[Distribution]:
    """`root` and all that it needs and that is installed, in order of name.

    `extras`: which of root's are looked at; None: each but `dev`. SupplyProblem where root is not installed.
    """
    try:
        from packaging.requirements import Requirement
    except ImportError:
        raise SupplyProblem("a bill of the host's tools needs the package packaging; pip install 'kvo[sbom]'") from None
    try:
        offered = metadata.metadata(root).get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        raise SupplyProblem(f"{root} is not installed here, so nothing says what it needs; pip install .") from None
    chosen = set(offered) - {"dev"} if extras is None else set(extras)
    for wrong in sorted(chosen - set(offered)):
        raise SupplyProblem(f"{root} has no extra {wrong!r}; it has {', '.join(sorted(offered))}")
    found: dict[str, Distribution] = {}
    asked: dict[str, set[str]] = {}
    waiting = [(root, chosen)]
    while waiting:
        name, wanted = waiting.pop()
        name = _NAME.sub("-", name).lower()
        fresh = wanted | {""}
        if name in asked and fresh <= asked[name]:
            continue
        asked[name] = fresh | asked.get(name, set())
        try:
            told = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # of an extra that is not installed here
        needs = set(found[name].needs) if name in found else set()
        for line in told.requires or ():
            needed = Requirement(line)
            if needed.marker is None or any(needed.marker.evaluate({"extra": one}) for one in asked[name]):
                needs.add(_NAME.sub("-", needed.name).lower())
                waiting.append((needed.name, set(needed.extras)))
        found[name] = Distribution(name, told.version, _licence(told.metadata), tuple(sorted(needs - {name})))
    return [found[name] for name in sorted(found)]


def _licence(told: metadata.PackageMetadata) -> str:
    expression = told.get_all("License-Expression") or []
    if expression:
        return str(expression[0])
    classified = [
        _CLASSIFIED[one.rpartition(" :: ")[2]]
        for one in told.get_all("Classifier") or []
        if one.startswith("License ::") and one.rpartition(" :: ")[2] in _CLASSIFIED
    ]
    if classified:
        return " OR ".join(sorted(set(classified)))
    name = str((told.get_all("License") or [""])[0]).strip()
    return name if len(name) <= _LONGEST and "\n" not in name and name != "UNKNOWN" else ""
