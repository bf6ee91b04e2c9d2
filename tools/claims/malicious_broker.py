"""Evidence that no broker, whatever it says, crashes, hangs or fills the pump's comms, or slips it a request."""

from __future__ import annotations

from typing import Any

from tools.claims.registry import Outcome, Report, claim
from tools.fuzz import broker, sockets
from tools.fuzz.broker_mutants import MUTANTS
from tools.fuzz.packets import ALL

_DEEP = 20_160
_SHORT = ALL * len(broker.STATES)
_DEEP_SOCKETS = 400
_SHORT_SOCKETS = 20

@claim(
    "malicious-broker",
    "A broker that sends every type of MQTT packet malformed, in every state of the pump's client, crashes nothing, "
    "hangs nothing and has no more than 4,096 bytes kept; what the pump takes for a request is what a reader written "
    "from the standard takes for one, never retained, never of another topic; within 40 s of silence the pump lets "
    "go, and serves the next honest broker, with the fact that waited.",
    mutants=dict(MUTANTS),
)
def malicious_broker(deep: bool, mutant: Any, report: Report) -> Outcome:
    """Connections in memory, some over real sockets."""
    many, over_sockets = (_DEEP, _DEEP_SOCKETS) if deep else (_SHORT, _SHORT_SOCKETS)
    trial = broker.Trial(mutant)
    ended = 0
    for number in range(many):
        wrong = broker.connection(trial, number)
        if wrong:
            return Outcome(False, wrong, {"connections": number})
        report(number, many)
        ended = trial.comms.violations
    if mutant is None:
        wrong = sockets.run(over_sockets)
        if wrong:
            return Outcome(False, wrong, {"connections": many})
    figure = (
        f"{many:,} connections in memory and {over_sockets} over sockets, {ended:,} ended for a violation; "
        f"at most {trial.most_held:,} bytes held, {trial.comms.ignored:,} requests ignored"
    )
    return Outcome(True, figure, {"connections": many + over_sockets, "violations": ended})
