"""Controls on what may be installed."""

from __future__ import annotations

from simulator.attack.controls.base import Control

_OPENING = "firmware/update/suit.py"

CONTROLS = (
    Control(
        "update-signature", "update", "An image is the manufacturer's by a hash-based signature (HSS/LMS), or is none.",
        "Any image is good.", _OPENING, at_site=True,
    ),
    Control(
        "counter-signature", "update", "The facility vouches for an image besides (COSE_Mac0 under the pump's key).",
        "The manufacturer's signature is enough.", _OPENING, at_site=True,
    ),
    Control(
        "library-signature", "update", "A drug library is the site's by two pharmacists' signatures.",
        "Any library is good.", _OPENING, at_site=True,
    ),
    Control(
        "rollback-floor", "update", "What is older than what was in force is not installed any more.",
        "An old image, with its known holes, is as good as a new one.", _OPENING, at_site=True,
    ),
    Control(
        "slot-exactness", "update", "A slot holds exactly the files of its manifest.",
        "A file besides shadows a verified one.", _OPENING, at_site=True,
    ),
    Control(
        "model-match", "update", "A manifest names vendor and class of the device that it is for.",
        "Whatever is signed is for this pump.", _OPENING, at_site=True,
    ),
)  # fmt: skip
