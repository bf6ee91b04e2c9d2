"""A Pico W's Wi-Fi: joins by steps, survives everyone's restart, never waits."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal import ports
from hal.ports import ERR_ABSENT, ERR_RANGE, OK
from tests.pico.desk import desk

GOOD = "ward\nsecret-key\n192.168.7.4\n8883\n"


class Net:
    """A link with its record, an access point and a host."""

    def __init__(self, d, key="secret-key"):
        from hal.pico.wifi import Record, WifiLink
        from hal.stubs.network import air
        from hal.stubs.socket import Host

        self.d = d
        self.air = air()
        self.air.networks["ward"] = "secret-key"
        self.host = self.air.hosts[("192.168.7.4", 8883)] = Host()
        record = Record()
        record.ssid, record.key, record.host, record.port = "ward", key, "192.168.7.4", 8883
        self.link = WifiLink(record, d.now_ms())

    def run(self, ms, step_ms=20):
        for _ in range(ms // step_ms):
            before = self.d.chip.us
            self.link.idle(self.d.now_ms())
            assert self.d.chip.us == before, "it waited"
            self.d.pass_ms(step_ms)

    def up(self):
        self.link.read(self.d.readings)
        return bool(self.d.readings.flags & ports.RF_LINK_UP)


def test_it_joins_connects_and_carries():
    with desk() as d:
        net = Net(d)
        assert not net.up()
        net.run(4000)
        assert net.up()
        assert net.link.send(b"hello pump", 5) == 5
        assert net.host.received == b"hello"
        net.host.to_send += b"good day"
        into = bytearray(5)
        assert net.link.receive(into) == 5
        assert into == b"good "
        assert net.link.receive(into) == 3
        assert net.link.receive(into) == 0
        assert net.up()


def test_a_full_window_takes_nothing_and_does_not_wait():
    with desk() as d:
        net = Net(d)
        net.run(4000)
        assert net.link.send(bytes(4000), 4000) == 2920
        assert net.link.send(b"x", 1) == 0
        net.host.received.clear()
        assert net.link.send(b"x", 1) == 1


@pytest.mark.parametrize("event", ["access point", "host closes", "host resets", "host refuses for a while"])
def test_it_comes_back(event):
    with desk() as d:
        net = Net(d)
        net.run(4000)
        into = bytearray(8)
        if event == "access point":
            net.air.drop()
        elif event == "host closes":
            net.host.close()
            assert net.link.receive(into) == 0
        elif event == "host resets":
            net.host.lose()
            assert net.link.send(b"x", 1) == 0
        else:
            net.host.refuses = True
            net.host.lose()
            net.link.receive(into)
            net.run(20_000)
            assert not net.up()
            net.host.refuses = False
        net.run(40)
        assert not net.up() or net.host.connections > 1
        net.run(70_000)
        assert net.up()
        assert net.host.connections == 2
        assert net.link.send(b"again", 5) == 5
        assert net.link.drops == 1


@pytest.mark.parametrize("trouble", ["no network", "wrong key", "nobody there"])
def test_what_cannot_work_is_tried_ever_more_rarely(trouble):
    with desk() as d:
        net = Net(d, key="another-key" if trouble == "wrong key" else "secret-key")
        if trouble == "no network":
            net.air.networks.clear()
        if trouble == "nobody there":
            net.air.hosts.clear()
        tries = []
        before = 0
        for second in range(600):
            for _ in range(10):
                net.run(100, 100)
                if net.link.step and not before:
                    tries.append(second)
                before = net.link.step
        assert not net.up()
        assert 8 <= len(tries) <= 20
        gaps = [b - a for a, b in pairwise(tries)]
        assert max(gaps) <= 60 + 15 + 10 + 3
        assert gaps[-1] > gaps[0]


@pytest.mark.parametrize(
    ("text", "rc"),
    [
        (GOOD, OK), (GOOD.rstrip("\n"), OK), (GOOD.replace("\n", "\r\n"), OK), (GOOD + "\n\n", OK),
        ("open net\n\n10.0.0.1\n1\n", OK), (None, ERR_ABSENT), ("", ERR_RANGE), ("ward\n", ERR_RANGE),
        (GOOD + "more\n", ERR_RANGE), (GOOD.replace("192.168.7.4", "broker.local"), ERR_RANGE),
        (GOOD.replace("192.168.7.4", "192.168.7.400"), ERR_RANGE), (GOOD.replace("8883", "0"), ERR_RANGE),
        (GOOD.replace("8883", "65536"), ERR_RANGE), (GOOD.replace("8883", "port"), ERR_RANGE),
        (GOOD.replace("secret-key", "short"), ERR_RANGE), (GOOD.replace("ward", "w" * 33), ERR_RANGE),
    ],
)  # fmt: skip
def test_the_record(tmp_path, text, rc):
    path = tmp_path / "wifi.txt"
    if text is not None:
        path.write_bytes(text.encode())
    with desk():
        from hal.pico.wifi import Record

        record = Record()
        assert record.read(str(path)) == rc
        if rc == OK and "ward" in text:
            assert (record.ssid, record.key, record.host, record.port) == ("ward", "secret-key", "192.168.7.4", 8883)
        if rc != OK:
            assert (record.ssid, record.key, record.host, record.port) == ("", "", "", 0)


def test_a_record_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "wifi.txt"
    path.write_bytes(b"\xff\xfe\x00ward")
    with desk():
        from hal.pico.wifi import Record

        assert Record().read(str(path)) == ERR_RANGE


@settings(max_examples=40, deadline=None)
@given(
    events=st.lists(
        st.sampled_from(["drop", "close", "lose", "refuse", "accept", "send", "receive", "wait"]), max_size=25
    )
)
def test_whatever_the_network_does_nothing_raises_and_it_comes_back(events):
    with desk() as d:
        net = Net(d)
        into = bytearray(16)
        for event in events:
            if event == "drop":
                net.air.drop()
            elif event == "close":
                net.host.close()
            elif event == "lose":
                net.host.lose()
            elif event in ("refuse", "accept"):
                net.host.refuses = event == "refuse"
            elif event == "send":
                net.link.send(b"0123456789", 10)
            elif event == "receive":
                net.link.receive(into)
            net.run(600)
        net.host.refuses = False
        net.host.received.clear()
        for _ in range(70):
            net.run(1000, 100)
            net.link.receive(into)
        assert net.up()
        net.host.received.clear()
        assert net.link.send(b"x", 1) == 1
