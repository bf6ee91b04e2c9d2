"""A `machine` and a clock for the Pico's drivers that run on MicroPython itself, and take no memory while turns go on.

hal/stubs plays the chip for tests on CPython; this plays as little as the drivers call.
"""

EIO = OSError(5)
TIMED_OUT = OSError(110)


class World:
    """What the parts show in this turn."""

    turn = 0
    key = -1
    closed = 0x0E
    error = None
    clock = bytearray((0x59, 0x59, 0x23, 1, 0x28, 0x02, 0x24, 0, 0, 0, 0, 0, 0, 0, 0x1C, 0))
    latch = 0xFF


class Time:
    """A clock of 100 ms a turn."""

    def ticks_ms(self):
        return World.turn * 100

    def ticks_us(self):
        return World.turn * 100000

    def sleep_us(self, us):
        pass


class Pin:
    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = 4

    def __init__(self, number, mode=-1, pull=-1, value=None):
        self.level = 1

    def init(self, mode=-1, pull=-1, value=None):
        pass

    def value(self, level=None):
        if level is not None:
            self.level = level
        return self.level

    def irq(self, handler=None, trigger=0, hard=False):
        pass


class ADC:
    def __init__(self, source):
        self.count = 0

    def read_u16(self):
        self.count = (self.count + 4099) & 0xFFFF
        return self.count


class Bus:
    """Has of machine.I2C what takes no heap on an RP2040: `writeto_mem` and `writevto` do."""

    def writeto(self, address, data):
        if World.error is not None:
            raise World.error
        if address == 0x20:
            World.latch = data[0]

    def readfrom_into(self, address, into):
        if World.error is not None:
            raise World.error
        if address == 0x21:
            into[0] = World.closed ^ 0xFF
        elif World.key < 0:
            into[0] = World.latch
        elif World.latch == 0xF0:
            into[0] = 0xF0 ^ (0x10 << World.key % 4)
        else:
            into[0] = 0x0F ^ (1 << World.key // 4)

    def readfrom_mem_into(self, address, register, into):
        if World.error is not None:
            raise World.error
        for index in range(len(into)):
            into[index] = World.clock[index]


class SPI:
    """A card reader whose version is right and whose field is empty."""

    def __init__(self, number, baud, sck=None, mosi=None, miso=None):
        self.exchanges = 0

    def write(self, data):
        self.exchanges += 1

    def write_readinto(self, data, into):
        self.exchanges += 1
        register = data[0] >> 1 & 0x3F
        into[1] = 0x92 if register == 0x37 else 0x01 if register == 0x04 else 0


class PWM:
    def __init__(self, pin, freq=0, duty_u16=0):
        pass

    def freq(self, hz):
        pass

    def duty_u16(self, duty):
        pass


class UART:
    def __init__(self, number, baud, tx=None, rx=None, timeout=0, txbuf=0, rxbuf=0):
        pass


BUS = Bus()


def make_bus(number, scl=None, sda=None, freq=0, timeout=0):
    return BUS


class Machine:
    """`machine`, as far as the drivers go."""

    def __init__(self):
        self.Pin = Pin
        self.ADC = ADC
        self.I2C = make_bus
        self.PWM = PWM
        self.UART = UART
        self.SPI = SPI
