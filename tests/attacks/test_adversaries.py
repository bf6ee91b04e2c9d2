"""Adversaries by position from Python: what each can do, what it cannot, and how far it comes."""

import pytest

from firmware.trust import roles as r
from simulator.adversary import POSITIONS, PowerLacking, may, position_named
from simulator.adversary.base import Chain
from simulator.bench import Bench
from simulator.scenario.stage import MQTT, Player

NURSE = Player("nurse", 7, r.NURSE, "0427")
PHYSICIAN = Player("physician", 8, r.PHYSICIAN, "99182")
PEOPLE = (NURSE, PHYSICIAN)


def bench(**options):
    return Bench("norepinephrine-8h", seed=3, people=PEOPLE, **options)


async def test_a_captured_order_is_replayed_and_refused():
    async with bench() as pump:
        await pump.sleep(60)
        assert await pump.ask("physician", "titrate", 200) == "OK"
        thief = pump.adversary("on_path")
        captured = await thief.capture("titrate", within_s=10)
        assert captured.who == "physician"
        assert await thief.replay(captured) == "DUPLICATED"
        assert thief.state == "repelled"
        assert pump.signal("hostile_accepted").value == 0


async def test_delayed_orders_are_too_old():
    async with bench() as pump:
        await pump.sleep(60)
        pump.adversary("on-path").delay(60_000)
        with pytest.raises(TimeoutError):
            await pump.ask("physician", "titrate", 200)
        await pump.until(pump.signal("hostile_refused") > 0, within_s=60)
        assert pump.rate_ml_h < 7


async def test_a_stolen_key_is_heard_and_changes_nothing():
    async with bench() as pump:
        await pump.sleep(60)
        malware = pump.adversary("stolen_shift_key")
        assert await malware.forge("nurse", "titrate", 300, flaw="none") == "OK"
        assert malware.state == "effect"
        assert await malware.forge("nurse", "stop", flaw="old_shift") == "SHIFT_OVER"
        await pump.sleep(5)
        assert pump.rate_ml_h < 7


async def test_forged_at_the_broker_by_mqtt():
    async with bench(network=MQTT) as pump:
        await pump.sleep(60)
        broker = pump.adversary("malicious_broker")
        assert await pump.ask("nurse", "status") == "OK"
        captured = await broker.capture("status")
        broker.retain(captured)
        broker.restart()
        await pump.sleep(20)
        assert pump.signal("hostile_refused").value == 0  # ignored, not refused
        assert await broker.forge("nurse", "stop") == "WRONG_MAC"


async def test_a_scripted_pump_takes_the_scripted_calls():
    async with Bench("norepinephrine-8h") as pump:
        await pump.sleep(10)
        pump.adversary.send_forged(3)
        await pump.until(lambda: pump.trust == "suspect", within_s=2)


@pytest.mark.parametrize(
    ("position", "power"),
    [
        ("network", "drop"), ("rf_jam", "send"), ("on_path", "take_over"), ("bedside", "lay_card"),
        ("local_port", "read_out"), ("update_server", "send"), ("flash_access", "press"), ("other_pump", "drop"),
    ],
)  # fmt: skip
async def test_what_a_position_lacks_is_said_with_those_who_have_it(position, power):
    async with bench() as pump:
        adversary = pump.adversary(position)
        able = next(name for name, kind in POSITIONS.items() if power in kind.powers())
        says = f"{adversary.position} has no power to {power}; those who have: .*{able}"
        with pytest.raises(PowerLacking, match=says):
            getattr(adversary, power)


async def test_a_flaw_takes_its_position():
    async with bench() as pump:
        await pump.sleep(30)
        with pytest.raises(PowerLacking, match="network cannot forge with the flaw none; it takes stolen-shift-key"):
            await pump.adversary("network").forge("nurse", "stop", flaw="none")
        with pytest.raises(PowerLacking, match="network has no power to capture"):
            await pump.adversary("network").capture()
        with pytest.raises(PowerLacking, match="no broker here"):
            pump.adversary("malicious_broker").restart()


def test_a_position_that_there_is_not():
    with pytest.raises(PowerLacking, match="there is no position 'moon'; positions: network, on-path"):
        position_named("moon")


def test_powers_stand_on_each_other():
    assert may(["malicious-broker"], "on-path")
    assert may(["on-path"], "network")
    assert not may(["network"], "on-path")
    assert may(["insider"], "bedside")
    assert not may(["bedside", "rf-jam"], "network")


def test_a_chain_goes_forward_alone():
    chain = Chain(("copy",))
    assert not chain.reach("effect")
    assert chain.reach("access") and chain.reach("strike")
    assert not chain.reach("copy")
    assert chain.reach("repelled") and chain.reach("strike") and chain.reach("effect")
    assert not chain.reach("repelled")


def test_every_position_says_its_power():
    for name, kind in POSITIONS.items():
        assert kind.position == name
        assert kind.says
        assert kind.powers() or name == "pump"
