"""`network` of a Pico W: a station that joins in the background. Misuse raises as the driver does.

`chip.air` says what networks there are, {ssid: key}, and which hosts listen; see hal/stubs/socket.py.
"""

from hal.stubs.chip import current

STA_IF, AP_IF = 0, 1
STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP = 0, 1, 3
STAT_WRONG_PASSWORD, STAT_NO_AP_FOUND, STAT_CONNECT_FAIL = -3, -2, -1

_ACTIVE_US = 250_000  # the radio's firmware goes over in one C call
_JOIN_US = 2_500_000
_EPERM = 1


class Air:
    """What the radio can hear: `networks` {ssid: key}, `hosts` {(address, port): Host}."""

    def __init__(self):
        self.networks = {}
        self.hosts = {}
        self.stations = []

    def drop(self):
        """The access point goes away, or restarts: every station loses its link."""
        for station in self.stations:
            station.lose()


def air():
    """The chip's air."""
    chip = current()
    if not hasattr(chip, "air"):
        chip.air = Air()
    return chip.air


class WLAN:
    """The station. ValueError for an interface that there is not."""

    def __init__(self, interface=STA_IF):
        if interface not in (STA_IF, AP_IF):
            raise ValueError("invalid interface")
        self._chip = current()
        self._active = False
        self._status = STAT_IDLE
        self._event = None
        air().stations.append(self)

    def active(self, on=None):
        """Whether the radio is on, or switch it: a C call of a quarter of a second."""
        if on is None:
            return self._active
        if bool(on) != self._active:
            self._chip.stall(_ACTIVE_US)
            self._active = bool(on)
            self.lose()
        return self._active

    def connect(self, ssid=None, key=None):
        """Begin to join; OSError(EPERM) while the radio is off."""
        if not self._active:
            raise OSError(_EPERM, "EPERM")
        self._status = STAT_CONNECTING
        networks = air().networks
        if ssid not in networks:
            end = STAT_NO_AP_FOUND
        elif networks[ssid] != key:
            end = STAT_WRONG_PASSWORD
        else:
            end = STAT_GOT_IP
        self._event = self._chip.at(self._chip.us + _JOIN_US, lambda: self._end(end))

    def disconnect(self):
        """Leave."""
        self.lose()

    def isconnected(self):
        """Whether there is an address."""
        return self._status == STAT_GOT_IP

    def status(self, param=None):
        """How the joining goes, a STAT_*."""
        return self._status

    def config(self, *args, **kwargs):
        """Set the power mode and the like; nothing here minds."""

    def lose(self):
        """The link is gone."""
        if self._event is not None:
            self._chip.cancel(self._event)
            self._event = None
        self._status = STAT_IDLE
        for host in air().hosts.values():
            host.lose()

    def _end(self, status):
        self._event = None
        self._status = status
