"""What an answer means, in words, and what to do about it: for people who asked a pump for something."""

from __future__ import annotations

from firmware.therapy import messages as msg
from firmware.trust import roles as r
from firmware.trust import verdict as v
from simulator.names import MESSAGES

KINDS = {
    r.KIND_PREPARE: "prepare", r.KIND_TITRATE: "titrate", r.KIND_PAUSE: "pause", r.KIND_STOP: "stop",
    r.KIND_APPROVE: "approve", r.KIND_LOG: "log", r.KIND_ALARMS: "alarms", r.KIND_TIME: "time",
    r.KIND_REVOKE: "revoke", r.KIND_EPOCH: "epoch", r.KIND_STATUS: "status", r.KIND_WAVE: "waveform",
    r.KIND_STAGE: "push", r.KIND_CHUNK: "push", r.KIND_AUDIT: "audit",
}  # fmt: skip
ROLES = {
    r.NURSE: "nurse", r.PHYSICIAN: "physician", r.PHARMACIST: "pharmacist", r.BIOMED: "biomed",
    r.MANUFACTURER: "manufacturer", r.SERVICE: "key service",
}  # fmt: skip

# A code's name and what to do: docs/requests.md has what each means.
CODES = {
    v.OK: ("OK", ""),
    v.REFUSED_OVERSIZE: ("OVERSIZE", "shorten it: a request has at most 1,024 bytes"),
    v.REFUSED_MALFORMED: ("MALFORMED", "this client and the pump's firmware differ; update one of them"),
    v.REFUSED_NO_MAC: ("NO_MAC", "this client and the pump's firmware differ; update one of them"),
    v.REFUSED_WRONG_MAC: ("WRONG_MAC", "the site's key store and the pump's record differ; install the pump's record"),
    v.REFUSED_WRONG_PUMP: ("WRONG_PUMP", "the pump holds another pump's record; install its own"),
    v.REFUSED_WRONG_OPERATOR: ("WRONG_OPERATOR", "restore the site's operators.yaml"),
    v.REFUSED_REVOKED: ("REVOKED", "log in again for a key of the present epoch; a revoked person asks for nothing"),
    v.REFUSED_SHIFT_OVER: ("SHIFT_OVER", "log in again: the shift of this key is over"),
    v.REFUSED_NO_TIME: ("NO_TIME", "the pump has not been told the time since it booted; 'kvo ctl time' tells it"),
    v.REFUSED_EXPIRED: ("EXPIRED", "it came too late; ask again"),
    v.REFUSED_TOO_FAR: ("TOO_FAR", "ask again once the pump has said its time"),
    v.REFUSED_REPLAYED: ("REPLAYED", "the operator's counter was used at another terminal; ask again in a moment"),
    v.REFUSED_REORDERED: ("REORDERED", "a later request of the same operator came first; ask again"),
    v.REFUSED_DUPLICATED: ("DUPLICATED", "the pump has this request already"),
    v.REFUSED_EARLIER_SESSION: ("EARLIER_SESSION", "the pump began a new session meanwhile; ask again"),
    v.REFUSED_EARLIER_BOOT: ("EARLIER_BOOT", "the pump has booted meanwhile; ask again"),
    v.REFUSED_FORBIDDEN: ("FORBIDDEN", "this is not for that role; somebody else has to ask"),
    v.REFUSED_SAME_PERSON: ("SAME_PERSON", "another operator has to approve"),
    v.REFUSED_ISOLATED: ("ISOLATED", "the pump hears no such request in its trust state; go to the bedside"),
    v.REFUSED_STATE: ("STATE", "see what the pump does: 'kvo ctl status'"),
    v.REFUSED_BUSY: ("BUSY", "something else waits or is being answered there; ask again in a moment"),
    v.REFUSED_UNKNOWN_KIND: ("UNKNOWN_KIND", "the pump's firmware does not know such a request; update it"),
    v.REFUSED_NOTHING_TO_APPROVE: ("NOTHING_TO_APPROVE", "what waited is over, confirmed or another; ask for it anew"),
}
# What therapy's own answers ask for.
_REMEDIES = {
    msg.HARD_LIMIT: "it is past a hard limit of the library; change it",
    msg.VTBI_LIMIT: "change the volume to infuse",
    msg.BOLUS_LIMIT: "change the bolus",
    msg.MISSING: "add what the mode needs",
    msg.UNKNOWN_DRUG: "the pump's library has no such drug in that care area; use the pump's own library",
    msg.MODE: "choose a mode that the drug's entry allows",
    msg.RANGE: "choose what the head can do",
    msg.SYRINGE: "name the syringe that is in the pump",
}

WAITS = {
    r.KIND_PREPARE: "prepared: it waits ten minutes at the bedside for a person who checks and confirms it",
    r.KIND_TITRATE: "asked for: it waits two minutes at the bedside for a person's confirm",
    r.KIND_PAUSE: "it rings at the bedside; a person pauses, or does not",
    r.KIND_STOP: "it rings at the bedside; a person stops, or does not",
    r.KIND_APPROVE: "approved: a person at the bedside may confirm it now",
    r.KIND_TIME: "the pump knows the time",
    r.KIND_REVOKE: "the pump hears that operator no more, also after a reset",
    r.KIND_EPOCH: "every key that was given out for this pump is worth nothing now, also after a reset",
}


def name_of(code: int) -> str:
    """A code's name; its number where there is none."""
    return CODES[code][0] if code in CODES else f"code {code}"


def message_of(message: int) -> str:
    """Therapy's answer in words."""
    return MESSAGES.get(message, f"message {message}")


def remedy_of(code: int, message: int, kind: int = 0) -> str:
    """What to do about a refusal of a request of `kind`."""
    if kind in (r.KIND_REVOKE, r.KIND_EPOCH) and code == v.REFUSED_BUSY:
        return "it counts already, and a reset would undo it: the pump can store it at 600 mL/h or less; ask again then"
    if kind == r.KIND_TIME and code == v.REFUSED_EXPIRED:
        return "the pump knows a later time already, and its time never goes back"
    if code == v.REFUSED_STATE and message in _REMEDIES:
        return _REMEDIES[message]
    return CODES[code][1] if code in CODES else "update this client: it does not know that answer"
