"""The Python API: virtual time, people, faults, an adversary."""

import asyncio

import pytest

from simulator.bench import Bench, VirtualTimeout


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
        with pytest.raises(ValueError, match="play one"):
            pump.signal("accepted")
