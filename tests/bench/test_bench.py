"""The Python API: virtual time, people, faults, an adversary."""

import asyncio

import pytest

from simulator.asked import NURSE, PHYSICIAN, PINS, people
from simulator.bench import Bench, VirtualTimeout
from simulator.devices.cards import card_of
from simulator.files.programme import find_programme, load_programme
from simulator.snapshot import Snapshot
from simulator.trust_client import make_record
from simulator.world import World


async def test_the_link_is_lost_and_the_dose_goes_on():
    async with Bench("norepinephrine-8h", seed=7) as pump:
        await pump.until(pump.is_infusing, within_s=30)
        rate = pump.rate_ml_h
        pump.network.cut()
        await pump.alarm("network lost", within_s=20)
        assert (pump.delivery, pump.trust, pump.rate_ml_h) == ("infusing", "offline", rate)
        pump.network.restore()
        await pump.until(lambda: pump.trust == "normal", within_s=5)


async def test_compromise_isolates_and_a_sustained_drug_flows_on():
    async with Bench("norepinephrine-8h") as pump:
        await pump.until(pump.is_infusing, within_s=30)
        pump.adversary.send_forged(5)
        await pump.until(lambda: pump.trust == "suspect", within_s=2)
        pump.adversary.compromise()
        await pump.until(lambda: pump.trust == "isolated", within_s=2)
        await pump.sleep(600)
        assert pump.delivery == "infusing"
        pump.network.restore()
        await pump.sleep(60)
        assert pump.trust == "isolated"


async def test_two_tasks_share_one_virtual_time():
    order = []

    async def wait(pump, seconds):
        await pump.sleep(seconds)
        order.append((seconds, pump.now_s))

    async with Bench("norepinephrine-8h") as pump:
        await asyncio.gather(wait(pump, 5), wait(pump, 2), wait(pump, 3))
    assert order == [(2, 2.0), (3, 3.0), (5, 5.0)]


async def test_what_does_not_come_times_out_in_virtual_time():
    async with Bench("norepinephrine-8h") as pump:
        with pytest.raises(VirtualTimeout, match="within 10 virtual seconds"):
            await pump.until(lambda: pump.delivery == "failed", within_s=10)
        assert pump.now_s == 10.0


async def test_unknown_keys_and_alarms_are_named():
    async with Bench("norepinephrine-8h") as pump:
        with pytest.raises(ValueError, match="there is no key 'go'"):
            pump.nurse.press("go")
        with pytest.raises(ValueError, match="there is no alarm"):
            await pump.alarm("boredom")


async def test_stop_stops_within_a_tick_and_the_same_seed_gives_the_same_bytes():
    hashes = []
    for _ in range(2):
        async with Bench("norepinephrine-8h", seed=3, near_wrap=True) as pump:
            await pump.until(pump.is_infusing, within_s=30)
            await pump.sleep(90)
            pump.nurse.press("stop")
            await pump.sleep(0.2)
            assert pump.delivery == "paused"
            assert pump.world.drive.step_rate_mhz == 0
            hashes.append(pump.result().trace_sha256)
    assert hashes[0] == hashes[1]


@pytest.fixture(scope="module")
def carded():
    """A provisioned pump's credentials, and the cards of two people in them."""
    cards = {number: card_of(1, number) for number in (NURSE, PHYSICIAN)}
    record = make_record(1, people(), cards={number: card.public for number, card in cards.items()})
    return {"credentials": record, "cards": cards, "person": NURSE}


async def by_cards(home, carded):
    """The nurse programmes by card, the physician titrates by card; what happened, and the trace's hash."""
    async with Bench("norepinephrine-8h", seed=3, home=home, **carded) as pump:
        await pump.until(pump.is_infusing, within_s=30)
        assert pump.operator == NURSE
        pump.nurse.take_card()
        await pump.until(lambda: not pump.operator, within_s=0.3)
        pump.nurse.present_card(PHYSICIAN)
        await pump.until(lambda: pump.operator == PHYSICIAN, within_s=7)
        before = pump.rate_ml_h
        pump.nurse.titrate(150)
        await pump.sleep(1)
        assert pump.rate_ml_h > before
        return [what for _, what in pump.world.happened], pump.result().trace_sha256


async def test_a_card_is_laid_down_and_taken_away_and_homes_agree(carded):
    happened, trace = await by_cards("cpython", carded)
    assert happened == ["person 7 lays a card on the reader", "the card is taken away",
                        "person 8 lays a card on the reader"]  # fmt: skip
    assert await by_cards("micropython", carded) == (happened, trace)


def test_a_snapshot_may_be_taken_while_a_card_is_checked(carded):
    with World(load_programme(find_programme("norepinephrine-8h")), **carded) as world:
        world.run(4_000)
        assert not world.status.operator
        again = Snapshot(world).restore()
        for one in (world, again):
            one.run(10_000)
            assert one.status.operator == NURSE


async def test_a_card_that_nobody_has_and_a_board_without_a_reader_are_named(carded):
    with pytest.raises(ValueError, match="person 9 has no card here; those who have one: 7, 8"):
        async with Bench("norepinephrine-8h", **{**carded, "person": 9}):
            pass
    async with Bench("norepinephrine-8h") as pump:
        with pytest.raises(ValueError, match="those who have one: nobody"):
            pump.nurse.present_card(NURSE)
        pump.world.board.identity = None
        with pytest.raises(ValueError, match="no reader"):
            pump.nurse.take_card()


async def test_a_reader_that_goes_wrong_lets_nobody_in(carded):
    async with Bench("norepinephrine-8h", **{**carded, "person": (NURSE, PINS[NURSE])}) as pump:
        await pump.until(pump.is_infusing, within_s=30)
        pump.faults.inject("identity_anybody", person=PHYSICIAN)
        await pump.sleep(10)
        assert (pump.operator, pump.message, pump.trust) == (NURSE, "no card of anybody here", "normal")


async def test_lamp_sound_and_what_is_left_are_signals():
    async with Bench("norepinephrine-8h") as pump:
        await pump.until(pump.is_infusing, within_s=30)
        await pump.sleep(2)
        assert (pump.lamp, pump.tone_hz, pump.battery_min) == ("dark", 0, None)
        assert 540 <= pump.reservoir_min <= 545  # 59.5 mL at 6.562 mL/h
        pump.faults.mains_off()
        await pump.alarm("on battery", within_s=1)
        assert (pump.lamp, pump.tone_hz) == ("cyan", 330)
        await pump.until(lambda: pump.battery_min is not None, within_s=300)
        assert 450 <= pump.battery_min <= 750  # ten hours, ±25 %
        pump.nurse.press("audio_pause")
        pump.faults.clamp_open()
        await pump.until(lambda: pump.lamp == "red", within_s=1)
        assert pump.tone_hz == 523
        signs = [sign for _, sign in pump.result().signs]
    assert signs == ["cyan, low melody"]  # taken at full seconds


async def test_signals_of_scenarios_can_be_awaited():
    async with Bench("norepinephrine-8h") as pump:
        await pump.until(pump.signal("delivery_infusing").holds, within_s=30)
        pump.faults.inject("occlusion_downstream")
        await pump.until(pump.signal("pressure") > 200, within_s=300)
        assert pump.signal("pressure").value > 200 and pump.signal("pressure").unit == "mmHg"
        await pump.until(pump.signal("alarm_occlusion_down").holds, within_s=300)
        assert pump.signal("rate").value == pump.rate_ml_h and "downstream occlusion" in pump.alarms
        await pump.until(pump.signal("flow") < 1, within_s=60)
        with pytest.raises(ValueError, match="did you mean 'pressure'"):
            pump.signal("presure")
        with pytest.raises(ValueError, match="give the Bench 'people'"):
            pump.signal("accepted")


async def test_people_have_credentials_and_adversaries_their_positions_power():
    async with Bench("norepinephrine-8h", seed=2, people={"nurse": "nurse", "doctor": "physician"}) as pump:
        await pump.until(pump.is_infusing, within_s=30)
        assert pump.operator == pump.nurse.number and pump.people["doctor"].number != pump.nurse.number
        pump.people["doctor"].log_in()
        await pump.until(lambda: pump.operator == pump.people["doctor"].number, within_s=10)
        assert await pump.nurse.ask("status") == "OK"
        with pytest.raises(AttributeError, match=r"network has no power to drop_facts; those who have: .*on-path"):
            pump.adversary("network").drop_facts()
        with pytest.raises(ValueError, match="a pump with people judges for itself"):
            pump.adversary.send_forged()


async def test_what_a_verb_cannot_do_is_one_clear_line():
    async with Bench("norepinephrine-8h", people={"nurse": "nurse"}) as pump:
        for verb, keys, says in (
            ("forg", {}, "there is no verb 'forg'; did you mean 'forge'"),
            ("forge", {"who": "nurse", "dose": "3 apples"}, "forge, dose: .*unit"),
            ("forge", {"who": "nurse"}, "a titration needs 'dose'"),
            ("forge", {"who": "norse", "dose": "0.2 ug/kg/min"}, "nobody is called 'norse'; did you mean 'nurse'"),
        ):
            with pytest.raises(ValueError, match=says):
                pump.do(verb, **keys)
    with pytest.raises(ValueError, match="there is no role 'nurze'; did you mean 'nurse'"):
        Bench("norepinephrine-8h", people={"nurse": "nurze"})
    async with Bench("norepinephrine-8h") as pump:
        with pytest.raises(ValueError, match="replay needs a pump with credentials"):
            pump.do("replay")
