"""The bench's sensors, panel, link and local port, made in their order. hal.pico.board takes them from here.

    board = make_board(Fitted())
"""

import time

from hal.compat import const
from hal.pico.analogue import Analogue
from hal.pico.card import Card
from hal.pico.display import Display
from hal.pico.i2c_bus import Bus
from hal.pico.keypad import Keypad
from hal.pico.lamp import Lamp
from hal.pico.link import UartLink
from hal.pico.rtc import Ds3231
from hal.pico.sounder import Sounder
from hal.pico.switches import Switches
from hal.pico.usb import usb_link, usb_port
from hal.ports import HEAD_SYRINGE, OK

BARREL_UM = const(26_720)  # of the 60 mL syringe that the bench's plunger is set up for

LINK_UART = const(0)
LINK_USB = const(1)
LINK_WIFI = const(2)  # where wifi.txt says how; else the UART


class Fitted:
    """`sensors`, `panel`, `rtc`, `link`, `identity` and `local`, ready for a board. With Wi-Fi a quarter of a second.

    The clock is no member of `sensors`: a dead one is no sensor fault, and its -1 says all.
    """

    def __init__(self, head=HEAD_SYRINGE, link=LINK_WIFI, barrel_um=BARREL_UM):
        bus = Bus()
        keypad = Keypad(bus)
        self.rtc = Ds3231(bus)
        self.link = make_link(link)
        self.identity = Card()
        self.local = None if link == LINK_USB else usb_port()  # the USB socket is at the pump
        # Switches before keypad: Stop goes before every other key.
        self.sensors = (
            Switches(bus, head), keypad, Analogue(barrel_um if head == HEAD_SYRINGE else 0), self.link,
        )  # fmt: skip
        self.panel = (Lamp(), Sounder(), Display(bus, keypad.entry))


def make_link(kind):
    """The link that is asked for; the UART where there is no radio, or no record of a network."""
    if kind == LINK_USB:
        return usb_link()
    if kind == LINK_WIFI:
        try:
            from hal.pico.wifi import Record, WifiLink  # a Pico without W has no module `network`

            record = Record()
            if record.read() == OK:
                return WifiLink(record, time.ticks_ms())
        except (ImportError, OSError):
            pass
    return UartLink()
