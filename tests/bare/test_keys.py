"""Every key of the terminal does what its row says, and shows it on the screen."""

import pytest

from firmware.therapy import alarms as al
from firmware.therapy import tables as t
from hal.bare.keys import KEYS
from hal.ports import HEAD_SYRINGE, HEAD_VOLUMETRIC
from tests.bare.session import Session, infusing


def fresh(head=HEAD_VOLUMETRIC):
    session = Session(head)
    session.pass_s(2)
    return session


def lit(session):
    """The states that the screen marks: of delivery, of trust."""
    marked = []
    for first, last in ((46, 70), (70, 80)):
        words = [word for line in session.lines[4:10] for word in line[first:last].split() if word[0] == ">"]
        assert len(words) == 1, session.text
        marked.append(words[0][1:])
    return marked


def stopped(session):
    return session.status.delivery == t.ST_PAUSED and lit(session) == ["paused", "normal"]


def starts(session):
    session.type("g", 2)
    return lit(session) == ["infusing", "normal"] and "6.562 mL/h" in session.text


def mutes(session):
    session.type("ow", 300)
    assert session.status.priority == 3 and session.status.silenced == 0
    session.type("m")
    return session.status.silenced == 1 and "sound paused" in session.lines[1]


def acknowledges(session):
    session.type("h", 2)
    assert "hostile traffic began" in session.lines[1]
    session.type("a")
    return "hostile traffic began" not in session.lines[1]


def amiodarone(session):
    session = fresh()
    session.type("ic").type("g", 3)
    return "amiodarone" in session.lines[4] and session.status.drug == 111 and session.status.rate_ul_h > 0


def cancels(session):
    session = fresh()
    session.type("n")
    assert lit(session)[0] == "programming"
    session.type("x")
    return lit(session)[0] == "standby"


def standby(session):
    session.type("pz")
    return lit(session)[0] == "standby"


def changes(key, rate):
    def check(session):
        session.type(key)
        assert session.status.rate_ul_h == 6562, "nothing changes before a confirm"
        session.type("c", 3)
        return session.status.rate_ul_h == rate

    return check


def primes(session):
    session = fresh()
    session.type("nc").type("v", 2)
    assert lit(session)[0] == "priming" and "motor on" in session.text
    session.pass_s(3)
    return lit(session)[0] == "programming" and session.plant.delivered_ul > 50


def no_bolus(session):
    return "no bolus" in session.text


def key_switch(session):
    assert "key off" in session.text
    session.type("k")
    assert session.plant.key_switch == 1 and "key on" in session.text
    session.type("k")
    return "key off" in session.text


def glass(session):
    session.type("C", 12)
    assert lit(session)[1] == "isolated"
    session.type("+c")
    assert "turn the key switch" in session.text
    session.type("k").type("B", 5)
    assert "break-glass: used without credentials" in session.text
    session.type("+c", 3)
    return session.status.rate_ul_h > 6562


def service(session):
    session = fresh()
    session.type("kM")
    assert lit(session)[0] == "maintenance"
    session.type("M")
    return lit(session)[0] == "standby"


def hazard(alarm, words, key, s, undo):
    def check(session):
        session.type(key, s)
        assert session.status.delivery == t.ST_STOPPED and session.status.alarm == alarm, session.text
        assert words in session.lines[1] and "HIGH" in session.lines[1] and "motor off" in session.text
        session.type(undo).type("a").type("g", 3)
        return session.status.delivery == t.ST_INFUSING

    return check


def bag_empties(session):
    session.type("e", 240)
    assert session.status.alarm == al.AL_AIR and session.status.delivery == t.ST_STOPPED
    session.type("e")
    assert "Open the door" in session.text
    session.type("ded").type("a").type("g", 3)
    return session.status.delivery == t.ST_INFUSING and session.plant.left_nl > 200_000_000


def mains(session):
    session.type("w", 2)
    assert "on battery" in session.lines[1] and "mains" not in session.lines[9]
    session.type("w", 2)
    return "no alarm" in session.lines[1] and "mains" in session.lines[9]


def flat(session):
    session.type("wf", 3)
    assert "battery low" in session.text and "4.0 %" in session.text
    session.type("f")
    return "100.0 %" in session.text


def free_flow(session):
    session.type("p").type("F", 30)
    assert "free flow" in session.lines[1]
    session.type("F", 2)
    return session.plant.free_flow == 0


def link(session):
    session.type("l", 12)
    assert lit(session)[1] == "offline" and "link cut" in session.text and "network lost" in session.text
    session.type("h")
    assert "no byte comes through" in session.text
    session.type("l")
    return "link up" in session.text and session.status.rate_ul_h == 6562


def forged(session):
    return lit(session) == ["infusing", "suspect"] and "hostile traffic" in session.text


def rolled_back(session):
    session.pass_s(11)
    return lit(session) == ["infusing", "isolated"] and session.status.rate_ul_h == 6562


def stalls(session):
    return session.boots == 1 and session.status.delivery == t.ST_INFUSING and session.status.lost_ul == 0


def hangs(session):
    session.pass_s(2)
    assert "boots after the watchdog's bite" in session.text
    return session.boots == 2 and session.status.delivery == t.ST_INFUSING and "resumed" in session.lines[1]


def resets(session):
    session.pass_s(2)
    assert "boots after a reset" in session.text
    return session.boots == 2 and session.status.delivery == t.ST_INFUSING


def power(session):
    session.pass_s(12)
    return session.boots == 2 and session.status.delivery == t.ST_INFUSING and "power on" in session.text


def another(session):
    session.pass_s(2)
    return session.boots == 2 and lit(session) == ["standby", "normal"] and session.plant.delivered_ul == 0


def speed(shown):
    def check(session):
        found = shown in session.lines[0]
        session.desk.speed = 0
        return found

    return check


def demo(session):
    session.pass_s(300)
    assert "demo" in session.lines[0] and session.status.delivery == t.ST_INFUSING
    session.type("D")
    return "manual" in session.lines[0] and "demo ends" in session.text


def redraws(session):
    return bytes(session.sent).count(b"\x1b[2J") == 2


def quits(session):
    return True


ANSWERS = {
    "s": stopped,
    " ": stopped,
    "p": stopped,
    "g": starts,
    "m": mutes,
    "a": acknowledges,
    "n": lambda session: lit(session)[0] == "programming",
    "i": amiodarone,
    "c": lambda session: "confirmed: prime, or start" in session.text,
    "x": cancels,
    "z": standby,
    "+": changes("+", 7218),
    "-": changes("-", 5906),
    "v": primes,
    "b": no_bolus,
    "u": no_bolus,
    "k": key_switch,
    "B": glass,
    "M": service,
    "o": hazard(al.AL_OCCLUSION_DOWN, "downstream occlusion", "o", 300, "o"),
    "O": hazard(al.AL_OCCLUSION_UP, "upstream occlusion", "O", 200, "O"),
    "y": hazard(al.AL_AIR, "air in line", "y", 90, "y"),
    "d": hazard(al.AL_DOOR, "door open", "d", 2, "d"),
    "e": bag_empties,
    "w": mains,
    "f": flat,
    "t": hazard(al.AL_HEAT, "over-temperature", "t", 3, "t"),
    "j": hazard(al.AL_MOTOR, "motor stall", "j", 60, "j"),
    "F": free_flow,
    "l": link,
    "h": forged,
    "H": forged,
    "C": rolled_back,
    "W": stalls,
    "G": hangs,
    "R": resets,
    "P": power,
    "N": another,
    "1": speed("x1 "),
    "2": speed("x10 "),
    "3": speed("x60 "),
    "D": demo,
    "L": redraws,
    "q": quits,
}
BEFORE_INFUSING = "nc"
BY_ITSELF = "gmaixz+-vkBMoOydewftjFl"  # the check types the key, and what must come before it


def test_there_is_an_answer_for_every_key():
    assert sorted(ANSWERS) == sorted(row[0].decode() for row in KEYS)


@pytest.mark.parametrize("key", ANSWERS)
def test_each_key_is_answered(key):
    if key in BEFORE_INFUSING:
        session = fresh().type("n" if key == "c" else "")
    elif key == "g":
        session = fresh().type("nc")
    else:
        session = infusing()
    if key not in BY_ITSELF:
        session.console.waiting += key.encode()
        if key in "123":  # from here on time is real
            session.desk.key(session.console.waiting.pop())
            session.panel.draw()
        else:
            assert session.pass_s(1) == (key != "q")
    assert ANSWERS[key](session), session.text


@pytest.mark.parametrize(
    ("keys", "s", "alarm"),
    [
        ("o", 300, al.AL_OCCLUSION_DOWN), ("d", 3, al.AL_NOT_LOADED), ("t", 3, al.AL_HEAT), ("j", 120, al.AL_MOTOR),
        ("e", 700, al.AL_EMPTY),
    ],
)  # fmt: skip
def test_the_syringe_head_has_its_own_hazards(keys, s, alarm):
    session = infusing(HEAD_SYRINGE)
    session.type(keys, s)
    assert session.status.delivery == t.ST_STOPPED
    assert session.status.therapy_alarms >> alarm & 1


@pytest.mark.parametrize("key", "Oy")
def test_what_a_syringe_has_not_is_said(key):
    session = infusing(HEAD_SYRINGE).type(key)
    assert "no such thing" in session.text and session.status.delivery == t.ST_INFUSING
