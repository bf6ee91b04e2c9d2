"""All controls by name, the profiles that are sets of them, and names as people write them."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.attack.controls import around, bedside, dose, evidence, requests, runtime, site, update
from simulator.attack.controls.base import LAYERS, Control
from simulator.files.yaml_source import did_you_mean

_ALL = (
    *site.CONTROLS, *around.CONTROLS, *requests.CONTROLS, *bedside.CONTROLS, *dose.CONTROLS, *runtime.CONTROLS,
    *evidence.CONTROLS, *update.CONTROLS,
)  # fmt: skip
_ORDER = list(LAYERS)
CONTROLS: dict[str, Control] = {one.name: one for one in sorted(_ALL, key=lambda one: _ORDER.index(one.layer))}

# A pump of 2012, by the advisories on pumps of those years (docs/controls.md): its drug library has limits, it detects
# hazards and watches itself, and it believes whatever speaks its protocol.
LEGACY = (
    "client-certificate", "server-certificate", "broker-acl", "retained-ignored", "request-mac", "per-pump-key",
    "key-separation", "addressee", "strict-form", "freshness", "counter", "expiry", "time-floor", "shift-end",
    "revocation", "role-check", "two-person", "back-off", "bedside-confirmation", "shown-first", "offer-ends",
    "rate-limit", "suspicion", "audit-allowance", "audit-chain", "record-check", "counter-binding", "isolation",
    "link-off", "fact-mac", "fact-counter", "update-signature", "counter-signature", "library-signature",
    "two-pharmacists", "library-word", "library-seal", "rollback-floor", "slot-exactness", "model-match",
)  # fmt: skip
PROFILES: dict[str, tuple[str, ...]] = {"shipped": (), "legacy": LEGACY}


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Names of controls, each once, in the table's order. ValueError, with the nearest name, for one that is none."""
    wanted = set(names)
    for name in sorted(wanted - set(CONTROLS)):
        raise ValueError(f"there is no control {name!r}; {did_you_mean(name, CONTROLS)}")
    return tuple(name for name in CONTROLS if name in wanted)
