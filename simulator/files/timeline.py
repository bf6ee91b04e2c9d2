"""What happens during a run, and when: disturbances of the plant, network events, people.

An item is {at: '5 h', do: occlude_downstream}. `at` counts from the start of the run; items
stand in order of time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import Field

from hal import ports
from simulator.files.models import DoseRate, Milliseconds, Strict, Temperature, Volume, one_of
from simulator.files.yaml_source import Refusal

PLANT = (
    "occlude_downstream", "occlude_upstream", "clear_occlusion", "air", "door_open", "door_close",
    "clamp_open", "clamp_close", "plunger_off", "plunger_on", "mains_off", "mains_on", "temperature",
    "free_flow_on", "free_flow_off", "motor_stall_on", "motor_stall_off", "sensor_fault_on",
    "sensor_fault_off", "key_switch_on", "key_switch_off", "reservoir",
)  # fmt: skip
NETWORK = ("link_down", "link_up", "authentic", "hostile", "compromised", "recovery_on", "recovered")
PEOPLE = ("press", "titrate")
KEYS = {
    "stop": ports.KEY_STOP,
    "start": ports.KEY_START,
    "pause": ports.KEY_PAUSE,
    "audio_pause": ports.KEY_AUDIO_PAUSE,
    "acknowledge": ports.KEY_ACKNOWLEDGE,
    "patient_bolus": ports.KEY_PATIENT_BOLUS,
    "clinician_bolus": ports.KEY_CLINICIAN_BOLUS,
    "prime_on": ports.KEY_PRIME_ON,
    "prime_off": ports.KEY_PRIME_OFF,
    "confirm": ports.KEY_CONFIRM,
    "cancel": ports.KEY_CANCEL,
    "standby": ports.KEY_STANDBY,
}
DEFAULT_BUBBLE_UL = 200

# Which further key each verb takes: (key, required). Verbs that are not here take none.
TAKES = {
    "press": ("key", True),
    "titrate": ("dose", True),
    "temperature": ("celsius", True),
    "reservoir": ("volume", True),
    "air": ("volume", False),
    "hostile": ("count", False),
}


class Item(Strict):
    """One item of a timeline as written."""

    at: Milliseconds
    do: one_of(*PLANT, *NETWORK, *PEOPLE)  # type: ignore[valid-type]
    key: one_of(*KEYS) | None = None  # type: ignore[valid-type]
    dose: DoseRate | None = None
    celsius: Temperature | None = None
    volume: Volume | None = None
    count: int | None = Field(default=None, ge=1, le=1000)
    note: str | None = None  # for people: shown in reports


@dataclass(frozen=True)
class Event:
    """One thing that happens at `at_ms` of the run: an item of the timeline, or of the list of faults.

    value: KEY_* (press), thousandths of the dose unit (titrate), tenths of a degree
    (temperature), µL (reservoir, air), number of messages (hostile), else 0. keys: what a
    person presses, one a tick: (key, value); empty for plant and network. Verbs inject and clear
    are of a fault: its name, its parameters, and a token that says which strike it is. act: what a
    scenario's own verb does, called when its time has come.
    """

    at_ms: int
    verb: str
    value: int = 0
    keys: tuple = ()
    note: str = ""
    line: int = 0
    fault: str = ""
    parameters: Mapping = field(default_factory=dict)
    token: tuple = ()
    act: Callable[[], None] | None = None

    @property
    def kind(self):
        """'plant', 'network' or 'people'."""
        return "plant" if self.verb in PLANT else "network" if self.verb in NETWORK else "people"


def check_item(item):
    """Refuse a key that the verb does not take, or a missing one that it needs."""
    takes, needed = TAKES.get(item.do, (None, False))
    for key in ("key", "dose", "celsius", "volume", "count"):
        given = getattr(item, key) is not None
        if given and key != takes:
            known = f"takes {takes!r}" if takes else "takes nothing further"
            raise Refusal(f"{item.do} takes no {key!r}", f"remove it ({item.do} {known})", key)
        if not given and key == takes and needed:
            raise Refusal(f"{item.do} needs {key!r}", f"add it, such as '{{at: 1 h, do: {item.do}, {key}: …}}'", "do")


def event_of(item, line, soft):
    """The Event of a checked item. soft: a titration past a soft limit, which is confirmed twice."""
    value = 0
    keys: tuple = ()
    if item.do == "press":
        value = KEYS[item.key]
        keys = ((value, 0),)
    elif item.do == "titrate":
        value = item.dose.milli
        confirm = ((ports.KEY_CONFIRM, 0),) * (2 if soft else 1)
        keys = ((ports.KEY_FIELD + ports.FIELD_TITRATE_MILLI, value), *confirm)
    elif item.do == "temperature":
        value = item.celsius
    elif item.do == "air":
        value = DEFAULT_BUBBLE_UL if item.volume is None else item.volume
    elif item.do == "reservoir":
        value = item.volume
    elif item.do == "hostile":
        value = item.count or 1
    return Event(item.at, item.do, value, keys, item.note or "", line)
