"""What the firmware's tables need not carry: names and CDDL types of what stands in requests, facts and the record.

Bounds come from the firmware's constants. Who adds a kind, or a key to a body, adds a row here: tests say so.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.therapy import alarms as al
from firmware.therapy import log, records
from firmware.therapy import tables as t
from firmware.therapy.heads import MAX_RATE_VOLUMETRIC_UL_H
from firmware.trust import audit_reader, staging, wave
from firmware.trust import credentials as c
from firmware.trust import facts as f
from firmware.trust import request as q
from firmware.trust import roles as r
from firmware.trust import speaker as s
from firmware.trust import verdict as v
from firmware.trust.approvals import DIGEST
from firmware.trust.mac import LENGTH
from firmware.trust.request import ARGUMENT, LAST_COUNTER, LAST_ENTRY, LAST_OPERATOR, MAX_STEPS, STEPS
from firmware.trust.seconds import LATEST_S
from firmware.trust.session import CHALLENGE_LENGTH, LAST_SESSION
from hal import ports
from simulator.names import ALARMS, MESSAGES


@dataclass(frozen=True)
class Key:
    """One entry of a map, or one place of an array: number, name, CDDL type, what it says."""

    number: int
    name: str
    cddl: str
    says: str


_VOLUME_UL = 10**9  # 1,000 L, the most that a prescription holds
_NONE = "-1.."
_DOSE = ports.FIELD_TITRATE_MILLI

# Types with a name, in the order in which the CDDL gives them.
TYPES: tuple[tuple[str, str, str], ...] = (
    ("pump-id", f"bytes .size {c.PUMP_ID}", "also in hex: topics and certificate are named by it"),
    ("operator", f"1..{LAST_OPERATOR}", "a person's number"),
    ("role", f"1..{r.ROLES - 2}", "see the roles"),
    ("word", f"0..{LAST_COUNTER}", ""),
    ("number", f"0..{LAST_OPERATOR}", ""),
    ("entry", f"0..{LAST_ENTRY}", "what a person could have typed, in the field's unit"),
    ("challenge", f"bytes .size {CHALLENGE_LENGTH}", "boot u32, session u16, ten bytes of a MAC"),
    ("digest", f"bytes .size {DIGEST}", "the first bytes of the SHA-256 of a whole request"),
    ("mac", f"bytes .size {LENGTH}", "HMAC-SHA-256"),
    ("sha-256", f"bytes .size {q.STAGED_DIGEST}", ""),
    ("none", "h''", ""),
)

# Arguments by form: CDDL, and a line for the table of kinds.
FORMS: dict[int, tuple[str, str]] = {
    r.ARG_NONE: ("{}", "none"),
    r.ARG_FIELDS: (
        f"{{ {STEPS}: steps, * field => entry }} / {{ + field => entry }}",
        "`{field: entry}`, steps under 0 as `[[dose in thousandths, seconds], …]`",
    ),
    r.ARG_DOSE: (f"{{ {_DOSE}: entry }}", f"`{{{_DOSE}: dose in thousandths}}`"),
    r.ARG_DIGEST: (f"{{ {ARGUMENT}: digest }}", f"`{{{ARGUMENT}: digest of the request}}`"),
    r.ARG_COUNT: (f"{{ {ARGUMENT}: number }}", ""),
    r.ARG_OPERATOR: (f"{{ {ARGUMENT}: operator }}", f"`{{{ARGUMENT}: operator}}`"),
    r.ARG_SECONDS: (f"{{ {ARGUMENT}: 0..{q.MAX_WAVE_S} }}", f"`{{{ARGUMENT}: seconds}}`, {q.MAX_WAVE_S} at most"),
    r.ARG_STAGE: (f"{{ {ARGUMENT}: entry, {q.SECOND}: sha-256 }}", f"`{{{ARGUMENT}: length, {q.SECOND}: SHA-256}}`"),
    r.ARG_CHUNK: (
        f"{{ {ARGUMENT}: entry, {q.SECOND}: bytes .size (1..{q.MAX_CHUNK}) }}",
        f"`{{{ARGUMENT}: offset, {q.SECOND}: bytes}}`, {q.MAX_CHUNK} but for the last",
    ),
}
EXTRA_TYPES = (
    ("field", f"1..{q._LAST_FIELD}", "field code"),
    ("steps", f"[1*{MAX_STEPS} [dose-milli: entry, seconds: entry]]", ""),
)
# What ARG_COUNT counts, by kind.
COUNTS = {
    r.KIND_LOG: "from sequence", r.KIND_AUDIT: "from sequence", r.KIND_TIME: "seconds since 2020-01-01",
    r.KIND_EPOCH: "epoch", r.KIND_INSTALL: "sequence number of the image",
}  # fmt: skip

# What a kind brings about, by number.
KINDS: dict[int, str] = {
    r.KIND_PREPARE: "entries wait for somebody to open programming",
    r.KIND_TITRATE: "a dose rate waits for a confirm",
    r.KIND_PAUSE: "rings, medium",
    r.KIND_STOP: "rings, high",
    r.KIND_APPROVE: "a second person agrees to what waits past a soft limit",
    r.KIND_LOG: "a LOG fact",
    r.KIND_ALARMS: "an ALARMS fact",
    r.KIND_STATUS: "a STATUS fact",
    r.KIND_AUDIT: "an AUDIT fact",
    r.KIND_WAVE: "WAVE facts for so long",
    r.KIND_STAGE: "announces what will be carried here, where nothing flows",
    r.KIND_CHUNK: "brings a piece of it; in force is nothing of it",
    r.KIND_UPDATE: "what is staged is opened as an image's envelope; of a pump with slots",
    r.KIND_INSTALL: "the image that is ready is installed, in maintenance, and tried at the next boot",
    r.KIND_TIME: "the site's time goes forward",
    r.KIND_REVOKE: "an operator is heard no more",
    r.KIND_EPOCH: "keys of earlier epochs are worthless; the present one only begins a new session",
}

REQUEST = (
    Key(1, "kind", "", "which, of the kinds below"),
    Key(2, "challenge", "challenge", "the session's, as HELLO and STATUS tell it"),
    Key(3, "counter", "word", "above every one that this operator has used in this session, in whatever role"),
    Key(4, "expiry", "word", "pump seconds"),
    Key(5, "arguments", "", "of the kind"),
)
KID = (
    Key(0, "pump", "pump-id", ""),
    Key(1, "operator", "operator", "0 for the key service"),
    Key(2, "role", "role", f"{r.SERVICE} for the key service"),
    Key(3, "epoch", "word", "of the key"),
    Key(4, "shift-end", "word", "site time, seconds since 2020-01-01; 0 for the key service"),
)
FACT = (
    Key(f.KIND, "kind", "", "which, of the kinds below"),
    Key(f.COUNTER, "counter", "uint", f"the secure counter's count times 2^{f.COUNTER_BITS}, and a number from 1"),
    Key(f.PUMP_S, "pump-seconds", "uint", "since this boot"),
    Key(f.BODY, "body", "", "of the kind"),
)

_WAVE = wave.SAMPLES * 2
_MESSAGE = f"0..{max(MESSAGES)}"
BODIES: dict[int, tuple[Key, ...]] = {
    f.HELLO: (
        Key(1, "challenge", "challenge", "of the session that begins"),
        Key(2, "session", f"0..{LAST_SESSION}", "its number in this boot"),
        Key(3, "epoch", f"0..{LAST_OPERATOR}", "of the keys"),
        Key(4, "versions", "[firmware: uint]", "of the firmware"),
    ),
    f.STATUS: (
        Key(s.ST_DELIVERY, "delivery", f"0..{len(t.DELIVERY_NAMES) - 1}", "state of delivery, below"),
        Key(s.ST_TRUST, "trust", f"0..{len(t.TRUST_NAMES) - 1}", "state of trust, below"),
        Key(s.ST_RATE_UL_H, "rate-ul-h", f"0..{MAX_RATE_VOLUMETRIC_UL_H}", "asked of the drive now, µL/h"),
        Key(s.ST_DELIVERED_UL, "delivered-ul", f"0..{_VOLUME_UL}", "by the step counter, µL"),
        Key(s.ST_VTBI_UL, "left-ul", f"{_NONE}{_VOLUME_UL}", "volume left, µL; -1: no limit"),
        Key(s.ST_DRUG, "drug", "0..65535", "code in the library"),
        Key(s.ST_MESSAGE, "message", _MESSAGE, "last answer to a person, below"),
        Key(s.ST_OFFERED_MILLI, "offered-milli", f"{_NONE}{LAST_ENTRY}", "dose rate asked for from afar; -1: none"),
        Key(s.ST_OPERATOR, "operator", f"0..{LAST_OPERATOR}", "logged in at the bedside; 0: nobody"),
        Key(s.ST_SITE_S, "site-seconds", f"{_NONE}{LATEST_S}", "since 2020-01-01; -1: not told since the boot"),
        Key(s.ST_CHALLENGE, "challenge", "challenge / none", "the session's; empty: there is none"),
    ),
    f.ALARMS: (
        Key(1, "therapy", f"0..{(1 << al.THERAPY_CODES) - 1}", "bit n: alarm n"),
        Key(2, "trust", f"0..{(1 << al.TRUST_CODES) - 1}", f"bit n: alarm {al.TRUST_BASE} + n"),
        Key(3, "first", f"{al.NONE}..{max(ALARMS)}", f"code of the one shown first; {al.NONE}: none"),
        Key(4, "priority", "0..3", "of that one: none, low, medium, high"),
    ),
    f.ACK: (
        Key(1, "digest", "digest / none", "of the request; empty where it was too long or too short to be one"),
        Key(2, "code", f"0..{v.CODES - 1}", "what it came to, below"),
        Key(3, "message", _MESSAGE, "therapy's answer, below; 0: none"),
    ),
    f.LOG: (
        Key(1, "from", "number", "the sequence that was asked for"),
        Key(2, "records", f"bytes .size (0..{log.RECORDS * records.RECORD_SIZE})",
            f"whole records of {records.RECORD_SIZE} bytes, {log.RECORDS} at most"),
        Key(3, "next", "uint", "sequence to go on from; 0: that is all"),
    ),
    f.WAVE: (
        Key(wave.WV_SAMPLE_MS, "sample-ms", str(wave.SAMPLE_MS), "between two samples"),
        Key(wave.WV_PRESSURE, "pressure", f"bytes .size {_WAVE}",
            f"line pressure towards the patient, mmHg: {wave.SAMPLES} samples, little-endian int16"),
        Key(wave.WV_STEPS, "steps", f"bytes .size {_WAVE}", "of the drive since the sample before, likewise"),
    ),
    f.STAGED: (
        Key(1, "state", f"{staging.NOTHING}..{staging.SPOILT}", "0 nothing, 1 comes, 2 whole, 3 whole and another"),
        Key(2, "length", "entry", "bytes that were announced"),
        Key(3, "have", "entry", "bytes that are there, without a gap"),
        Key(4, "digest", "sha-256 / none", "that was announced"),
    ),
    f.HEAD: (
        Key(1, "records", "uint", "in the audit, from its beginning"),
        Key(2, "last", "sha-256", "of the last record"),
    ),
    f.AUDIT: (
        Key(1, "from", "number", "the sequence that was asked for"),
        Key(2, "records", f"bytes .size (0..{audit_reader.BYTES})",
            f"as they are stored, one behind the other, {audit_reader.BYTES} bytes at most"),
        Key(3, "next", "uint", "sequence to go on from; 0: that is all"),
    ),
    f.UPDATE: (
        Key(1, "state", "0..6", "0 idle, 1 opening, 2 coming, 3 inspected, 4 ready, 5 installed, 6 refused"),
        Key(2, "reason", "0..255", "why the last one was refused, 0: none was (updates.md)"),
        Key(3, "number", "number", "of the image on its way, 0: not known yet"),
        Key(4, "mode", "word", "how this firmware stands: confirmed 8661, on trial 20106, to recover 22311"),
        Key(5, "runs", "number", "sequence number of this firmware"),
    ),
}  # fmt: skip
WHEN = {
    f.HELLO: "a session begins",
    f.STATUS: f"each {s.STATUS_S} s, on a change of state, when asked",
    f.ALARMS: "on a change, when asked",
    f.ACK: "every message that was judged",
    f.LOG: "when asked",
    f.WAVE: f"each {wave.SAMPLES * wave.SAMPLE_MS // 1000} s, while asked for",
    f.STAGED: "after STAGE and CHUNK, and when all has come",
    f.HEAD: "a session begins, and each 10 s where it has changed",
    f.AUDIT: "when asked",
    f.UPDATE: "at a start, after UPDATE and INSTALL, and whenever something becomes of an update",
}
RESERVED: dict[int, str] = {}  # numbered, and not sent yet: why

PERSON = (
    Key(0, "number", "operator", ""),
    Key(1, "role", f"1..{r.ROLES - 1}", ""),
    Key(2, "salt", f"bytes .size {c.SALT}", "of this pump and person"),
    Key(3, "verifier", "mac", "PBKDF2-HMAC-SHA-256 of the PIN's digits"),
    Key(4, "iterations", f"{c.MIN_ITERATIONS}..{c.MAX_ITERATIONS}", ""),
    Key(5, "card", f"bytes .size {c.CARD} / none", "public key of P-256, compressed; empty: no card"),
)
RECORD = (
    Key(1, "version", str(c.VERSION), ""),
    Key(2, "pump", "pump-id", ""),
    Key(3, "pump-key", f"bytes .size {c.KEY}", "secret: every other key comes of it"),
    Key(4, "epoch", "number", "of the keys"),
    Key(5, "revoked", f"[*{c.MAX_REVOKED} number]", "operators"),
    Key(6, "people", f"[*{c.MAX_PEOPLE} person]", "who may log in at the bedside"),
    Key(7, "site", f"tstr .regexp \"[\\\\s\\\\S]{{0,{c._NAME}}}\"", f"its name, {c._NAME} characters at most"),
    Key(8, "known-seconds", "number", "site time that was authentic when this was written"),
)
