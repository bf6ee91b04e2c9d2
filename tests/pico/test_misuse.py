"""What a driver does wrong raises on the stubs what MicroPython raises."""

import pytest

from hal.stubs import Chip, installed
from hal.stubs.devices.ssd1306 import Ssd1306


@pytest.fixture
def chip():
    with installed(Chip()) as chip:
        yield chip


@pytest.mark.parametrize("source", [5, 25, 30, -1, 0x1000])
def test_adc_on_a_channel_that_there_is_not(chip, source):
    from machine import ADC

    with pytest.raises(ValueError, match="invalid"):
        ADC(source)


def test_adc_on_a_pin_without_one(chip):
    from machine import ADC, Pin

    with pytest.raises(ValueError, match="ADC capabilities"):
        ADC(Pin(22))
    assert ADC(Pin(26)).read_u16() == ADC(0).read_u16() == ADC(26).read_u16()


def test_an_adc_pin_is_taken_from_the_gpio(chip):
    from machine import ADC, Pin

    Pin(26, Pin.OUT, value=1)
    ADC(26)
    assert chip.wire(26).function == "adc"
    assert chip.wire(26).level() == 0


@pytest.mark.parametrize(
    ("pins", "message"), [({"scl": 4}, "SCL"), ({"scl": 7}, "SCL"), ({"sda": 5}, "SDA"), ({"sda": 6}, "SDA")]
)
def test_i2c_on_the_wrong_pins(chip, pins, message):
    from machine import I2C

    with pytest.raises(ValueError, match=f"bad {message} pin"):
        I2C(0, **pins)


def test_i2c_bus_that_there_is_not(chip):
    from machine import I2C

    with pytest.raises(ValueError, match="doesn't exist"):
        I2C(2)


def test_i2c_with_no_device(chip):
    from machine import I2C

    bus = I2C(0)
    for call in (
        lambda: bus.readfrom(0x20, 1), lambda: bus.writeto(0x20, b"x"), lambda: bus.readfrom_mem(0x20, 0, 1),
        lambda: bus.writevto(0x20, (b"a", b"b")), lambda: bus.writeto_mem(0x20, 0, b"x"),
    ):  # fmt: skip
        with pytest.raises(OSError) as error:
            call()
        assert error.value.errno == 5
    assert bus.scan() == []


def test_i2c_finds_what_is_there_and_takes_the_time_of_its_bits(chip):
    from machine import I2C

    chip.i2c[0][0x3C] = Ssd1306()
    bus = I2C(0, freq=100_000)
    assert bus.scan() == [0x3C]
    before = chip.us
    bus.writeto(0x3C, b"\x40" + bytes(128))
    assert 11_000 < chip.us - before < 12_500
    with pytest.raises(OSError) as error:
        I2C(0, freq=10_000, timeout=50_000).writeto(0x3C, b"\x40" + bytes(128))
    assert error.value.errno == 110


def test_i2c_whose_pin_is_used_for_something_else(chip):
    from machine import I2C, Pin

    chip.i2c[0][0x3C] = Ssd1306()
    bus = I2C(0)
    Pin(5, Pin.OUT, value=0)
    with pytest.raises(OSError) as error:
        bus.writeto(0x3C, b"\x00\xae")
    assert error.value.errno == 110


@pytest.mark.parametrize("pins", [{"sck": 19}, {"mosi": 18}, {"miso": 17}, {"sck": 10}, {"miso": 12}])
def test_spi_on_the_wrong_pins(chip, pins):
    from machine import SPI

    with pytest.raises(ValueError, match=r"bad \w+ pin"):
        SPI(0, **pins)


def test_spi_misuse(chip):
    from machine import SPI

    with pytest.raises(ValueError, match="doesn't exist"):
        SPI(3)
    with pytest.raises(NotImplementedError):
        SPI(0, firstbit=SPI.LSB)
    with pytest.raises(ValueError, match="same length"):
        SPI(0).write_readinto(b"ab", bytearray(1))
    assert SPI(0).read(2) == b"\x00\x00"


@pytest.mark.parametrize("hz", [0, 7, -1000, 62_500_001])
def test_pwm_past_its_range(chip, hz):
    from machine import PWM, Pin

    pwm = PWM(Pin(14))
    with pytest.raises(ValueError, match="freq too"):
        pwm.freq(hz)


@pytest.mark.parametrize("duty", [-1, 65_536])
def test_pwm_duty_past_its_range(chip, duty):
    from machine import PWM, Pin

    pwm = PWM(Pin(14), freq=440)
    with pytest.raises(ValueError, match="duty"):
        pwm.duty_u16(duty)


def test_pwm_needs_both_and_shares_its_slice(chip):
    from machine import PWM, Pin

    first = PWM(Pin(14))
    assert chip.wire(14).pwm is None
    first.freq(440)
    assert chip.wire(14).pwm is None, "no duty yet"
    first.duty_u16(100)
    second = PWM(Pin(15), freq=1000, duty_u16=5)
    assert chip.wire(14).pwm == (1000, 100), "one slice has one frequency"
    assert chip.wire(15).pwm == (1000, 5)
    with pytest.raises(ValueError, match="larger than period"):
        second.duty_ns(1_000_001)
    first.deinit()
    assert chip.wire(14).pwm is None


@pytest.mark.parametrize(
    ("pins", "message"), [({"tx": 1}, "TX"), ({"rx": 0}, "RX"), ({"tx": 4}, "TX"), ({"rx": 5}, "RX")]
)
def test_uart_on_the_wrong_pins(chip, pins, message):
    from machine import UART

    with pytest.raises(ValueError, match=f"bad {message} pin"):
        UART(0, **pins)


def test_uart_misuse(chip):
    from machine import UART

    with pytest.raises(ValueError, match="doesn't exist"):
        UART(2)
    with pytest.raises(ValueError, match="too large"):
        UART(0, rxbuf=40_000)


def test_a_uart_write_that_does_not_fit_waits_for_the_line(chip):
    from machine import UART

    uart = UART(0, txbuf=32)
    before = chip.us
    uart.write(bytes(100))
    assert chip.us - before >= 60 * 86


def test_a_radio_that_is_off(chip):
    import network

    with pytest.raises(OSError) as error:
        network.WLAN(network.STA_IF).connect("ward", "secret-key")
    assert error.value.errno == 1
    with pytest.raises(ValueError, match="interface"):
        network.WLAN(7)


def test_a_socket_that_would_wait_or_has_no_network(chip):
    import socket

    with pytest.raises(RuntimeError, match="wait"):
        socket.socket().connect(("10.0.0.1", 1))
    with pytest.raises(RuntimeError, match="wait"):
        socket.getaddrinfo("broker.local", 1)
    quiet = socket.socket()
    quiet.setblocking(False)
    with pytest.raises(OSError) as error:
        quiet.connect(("10.0.0.1", 1))
    assert error.value.errno == 113
    with pytest.raises(OSError) as error:
        quiet.readinto(bytearray(1))
    assert error.value.errno == 128


def test_a_display_command_that_the_sheet_does_not_list():
    with pytest.raises(ValueError, match="no command"):
        Ssd1306().write(b"\x00\xe7")
    with pytest.raises(ValueError, match="control byte"):
        Ssd1306().write(b"\x33\xae")


def test_a_framebuffer_too_small(chip):
    import framebuf

    with pytest.raises(ValueError):
        framebuf.FrameBuffer(bytearray(1023), 128, 64, framebuf.MONO_VLSB)


def test_no_stub_works_without_a_chip():
    from hal.stubs.machine import ADC

    with pytest.raises(RuntimeError, match="no chip"):
        ADC(26)


def test_what_was_there_before_is_there_after():
    import select
    import socket
    import sys

    before = (sys.modules["select"], sys.modules["socket"], sys.modules.get("machine"))
    with installed(Chip()):
        assert sys.modules["socket"] is not socket
        assert hasattr(sys.modules["select"], "select"), "CPython's own modules still find theirs"
    assert (sys.modules["select"], sys.modules["socket"], sys.modules.get("machine")) == before
    assert sys.modules["select"] is select
