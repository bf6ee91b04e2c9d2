"""The parts as a whole: their order, and which link is taken."""

import pytest

from hal import ports
from hal.pico import pins
from tests.pico.desk import desk

RECORD = "ward\nsecret-key\n192.168.7.4\n8883\n"


@pytest.fixture
def at_root(tmp_path, monkeypatch):
    """The Pico's file system."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("record", "asked", "taken"),
    [
        (RECORD, "LINK_WIFI", "WifiLink"), (None, "LINK_WIFI", "UartLink"), ("rubbish", "LINK_WIFI", "UartLink"),
        (RECORD, "LINK_UART", "UartLink"), (None, "LINK_UART", "UartLink"),
    ],
)  # fmt: skip
def test_which_link(at_root, record, asked, taken):
    if record:
        (at_root / "wifi.txt").write_text(record)
    with desk():
        from hal.pico import fitted

        link = fitted.Fitted(link=getattr(fitted, asked)).link
        assert type(link).__name__ == taken
        assert link.receive(bytearray(8)) == 0
        assert link.send(b"abc", 0) == 0


def test_a_pico_without_radio_falls_back_to_the_uart(at_root):
    (at_root / "wifi.txt").write_text(RECORD)
    with desk():
        import network

        def no_radio(*_):
            raise OSError(19, "ENODEV")

        kept, network.WLAN = network.WLAN, no_radio
        try:
            from hal.pico.fitted import Fitted

            assert type(Fitted().link).__name__ == "UartLink"
        finally:
            network.WLAN = kept


@pytest.mark.parametrize("head", [ports.HEAD_SYRINGE, ports.HEAD_VOLUMETRIC])
def test_stop_goes_before_a_key_of_the_same_turn_and_neither_is_lost(at_root, head):
    with desk() as d:
        from hal.pico.fitted import Fitted

        fitted = Fitted(head)
        keys = []

        def turn():
            for part in fitted.sensors:
                assert part.read(d.readings) == 0
            keys.append(d.readings.key)
            d.pass_ms(100)

        for _ in range(3):
            turn()
        assert (d.readings.reservoir_ul >= 0) == (head == ports.HEAD_SYRINGE)
        d.press("B")
        d.chip.wire(pins.STOP).set(0)
        turn()
        d.release()
        turn()
        assert keys == [0, 0, 0, ports.KEY_STOP, ports.KEY_PAUSE]


def test_all_that_is_missing_is_codes_and_no_exception(at_root):
    with desk() as d:
        from hal.pico.fitted import Fitted

        d.chip.i2c[0].clear()
        d.chip.spi.clear()
        d.chip.analogue.clear()
        fitted = Fitted()
        status = ports.Status()
        for turn in range(200):
            before = d.chip.us
            codes = [part.read(d.readings) for part in fitted.sensors]
            fitted.rtc.read_s()
            assert d.chip.us - before < 10_000
            for part in fitted.panel:
                part.show(status)
                status.tone_hz = turn * 1000
            for part in (*fitted.sensors, *fitted.panel, fitted.identity):
                if hasattr(part, "idle"):
                    part.idle(d.now_ms())
            d.pass_ms(100)
        assert any(codes)
        assert d.readings.rtc_s == -1
        assert fitted.identity.present() == -1
