"""What every event does in every state, written by hand from the design (docs/design.md).

The third leg beside the engine and `transitions`: those two read the same rows and agree on
a wrong one. This page is read from nowhere; whoever changes a table changes it here too, by
thought. Each state names every event once: with what it does, or as ignored.

    event -> destination, action [if guards]; next, where those do not hold; …

`sustain`, `kvo`, `help_kvo`, `help_stop` are what the drug's policy asks for; `safe` is no
hazard; `key` is the key switch turned. Names are those of simulator/state_names.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.therapy.engine import IGNORED
from simulator.machines import Table

# A person's Stop, a hazard and doubt act wherever the motor may move, under no condition.
# Doubt cuts power in every state; nothing leads out of failed. A pause and a stop by a hazard
# end by a person alone. Losing help never touches `sustain` or `basal`.
DELIVERY = """
self_test
    test_passed -> infusing, go_on if go_on wait safe; paused, wait if wait; standby, ready
    test_failed -> failed, fail
    doubt -> failed, fail
    ignored: programme cancel prime_on prime_off start resume stop pause bolus bolus_done volume_done limit
    ignored: hazard help_gone standby maintenance_on maintenance_off
standby
    programme -> programming
    maintenance_on -> maintenance if key
    doubt -> failed, fail
    ignored: test_passed test_failed cancel prime_on prime_off start resume stop pause bolus bolus_done
    ignored: volume_done limit hazard help_gone standby maintenance_off
programming
    cancel -> standby
    prime_on -> priming, prime if safe
    start -> infusing, start if safe
    doubt -> failed, fail
    ignored: test_passed test_failed programme prime_off resume stop pause bolus bolus_done volume_done limit
    ignored: hazard help_gone standby maintenance_on maintenance_off
priming
    prime_off -> programming, prime_end
    stop -> programming, prime_end
    hazard -> programming, prime_end
    doubt -> failed, fail
    ignored: test_passed test_failed programme cancel prime_on start resume pause bolus bolus_done volume_done
    ignored: limit help_gone standby maintenance_on maintenance_off
infusing
    stop -> paused, hold
    pause -> paused, hold
    bolus -> bolus, bolus if safe
    volume_done -> infusing, sustain if sustain; kvo, kvo if kvo; complete, complete
    limit -> kvo, kvo if kvo; infusing, sustain if sustain; complete, complete
    hazard -> stopped, hazard
    doubt -> failed, fail
    help_gone -> kvo, kvo if help_kvo; stopped, hold if help_stop
    ignored: test_passed test_failed programme cancel prime_on prime_off start resume bolus_done standby
    ignored: maintenance_on maintenance_off
bolus
    stop -> paused, hold
    pause -> paused, hold
    bolus -> bolus, bolus if safe
    bolus_done -> infusing, bolus_end
    volume_done -> infusing, sustain if sustain; kvo, kvo if kvo; complete, complete
    limit -> kvo, kvo if kvo; infusing, sustain if sustain; complete, complete
    hazard -> stopped, hazard
    doubt -> failed, fail
    help_gone -> kvo, kvo if help_kvo; stopped, hold if help_stop
    ignored: test_passed test_failed programme cancel prime_on prime_off start resume standby maintenance_on
    ignored: maintenance_off
paused
    resume -> infusing, resume if safe
    standby -> standby, end
    doubt -> failed, fail
    ignored: test_passed test_failed programme cancel prime_on prime_off start stop pause bolus bolus_done
    ignored: volume_done limit hazard help_gone maintenance_on maintenance_off
kvo
    stop -> paused, hold
    pause -> paused, hold
    resume -> infusing, resume if safe
    hazard -> stopped, hazard
    doubt -> failed, fail
    help_gone -> stopped, hold if help_stop
    ignored: test_passed test_failed programme cancel prime_on prime_off start bolus bolus_done volume_done
    ignored: limit standby maintenance_on maintenance_off
complete
    stop -> standby, end
    standby -> standby, end
    doubt -> failed, fail
    ignored: test_passed test_failed programme cancel prime_on prime_off start resume pause bolus bolus_done
    ignored: volume_done limit hazard help_gone maintenance_on maintenance_off
stopped
    resume -> infusing, resume if safe
    standby -> standby, end
    doubt -> failed, fail
    ignored: test_passed test_failed programme cancel prime_on prime_off start stop pause bolus bolus_done
    ignored: volume_done limit hazard help_gone maintenance_on maintenance_off
maintenance
    maintenance_off -> standby
    doubt -> failed, fail
    ignored: test_passed test_failed programme cancel prime_on prime_off start resume stop pause bolus
    ignored: bolus_done volume_done limit hazard help_gone standby maintenance_on
failed
    ignored: test_passed test_failed programme cancel prime_on prime_off start resume stop pause bolus
    ignored: bolus_done volume_done limit hazard doubt help_gone standby maintenance_on maintenance_off
"""

# Trust rises by any event and falls by three: authenticated traffic from offline, ten quiet
# minutes from suspect, recovery from isolated. Each entry to isolated tells delivery.
TRUST = """
normal
    link_lost -> offline
    hostile -> suspect, episode
    compromised -> isolated, isolate
    ignored: authentic quiet recovery_on recovered break_glass glass_done
offline
    authentic -> normal
    hostile -> suspect, episode
    compromised -> isolated, isolate
    ignored: link_lost quiet recovery_on recovered break_glass glass_done
suspect
    quiet -> offline if link_down; normal
    hostile -> suspect
    compromised -> isolated, isolate
    ignored: link_lost authentic recovery_on recovered break_glass glass_done
isolated
    recovery_on -> recovery if key
    break_glass -> isolated, glass if key
    glass_done -> isolated, glass_done
    ignored: link_lost authentic hostile quiet compromised recovered
recovery
    recovered -> offline if link_down; normal
    compromised -> isolated, isolate
    break_glass -> recovery, glass if key
    glass_done -> recovery, glass_done
    ignored: link_lost authentic hostile quiet recovery_on
"""


@dataclass(frozen=True)
class Outcome:
    """What one alternative of a cell says, in codes."""

    need: int
    destination: int
    action: int


class Matrix:
    """A hand-written page read into codes. `expected` answers for one state and event."""

    def __init__(self, text: str, table: Table) -> None:
        """Read `text`; ValueError where a state or an event is missing, repeated or unknown."""
        self._table = table
        self._cells: dict[tuple[int, int], tuple[Outcome, ...]] = {}
        state = -1
        for line in text.strip().splitlines():
            if not line.startswith(" "):
                state = table.states.index(line)
            elif line.strip().startswith("ignored:"):
                for event in line.split(":")[1].split():
                    self._put(state, event, ())
            else:
                event, _, does = line.strip().partition(" -> ")
                self._put(state, event, tuple(self._outcome(part) for part in does.split(";")))
        cells = len(table.states) * len(table.events)
        if len(self._cells) != cells:
            raise ValueError(f"the {table.title} matrix says {len(self._cells)} of {cells} cells")

    def __len__(self) -> int:
        return len(self._cells)

    def _put(self, state: int, event: str, outcomes: tuple[Outcome, ...]) -> None:
        cell = (state, self._table.events.index(event))
        if cell in self._cells:
            raise ValueError(f"the {self._table.title} matrix says {event} in {self._table.states[state]} twice")
        self._cells[cell] = outcomes

    def _outcome(self, text: str) -> Outcome:
        does, _, when = text.strip().partition(" if ")
        destination, _, action = does.partition(", ")
        need = 0
        for guard in when.split():
            need |= 1 << self._table.guards.index(guard)
        return Outcome(need, self._table.states.index(destination), self._table.actions.index(action or "none"))

    def expected(self, state: int, event: int, guards: int) -> tuple[int, int]:
        """Destination and action, or the same state and IGNORED."""
        for outcome in self._cells[state, event]:
            if not outcome.need & ~guards:
                return outcome.destination, outcome.action
        return state, IGNORED
