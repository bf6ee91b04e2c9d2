"""The panel where nobody watches: what happens, one line each, and how things stand once a minute."""

from hal.bare import names
from hal.bare.line import Line
from hal.bare.log import ENTRIES
from hal.compat import const

_EACH_S = const(60)
_BREAK = b"\n"


class Lines:
    """Matches Panel in `step`, `draw` and `redraw`. `put(buffer, count)` must take all that it is given."""

    def __init__(self, desk, put):
        self._desk = desk
        self._put = put
        self._line = Line()
        self._written = 0
        self._story = b""
        self._due_s = 0

    def draw(self):
        """Write what is new."""
        desk = self._desk
        line = self._line
        if desk.demo.story != self._story:
            self._story = desk.demo.story
            if self._story:
                line.clear().clock(desk.board.clock.s).add(b"  ")
                self._put(line.bytes, line.count)
                self._put(self._story, len(self._story))
                self._put(_BREAK, 1)
        log = desk.log
        new = min(log.total - self._written, ENTRIES)
        for back in range(new - 1, -1, -1):
            log.write(back, line)
            self._say(line)
        self._written = log.total
        status = desk.board.status
        if status is not None and desk.board.clock.s >= self._due_s:
            self._due_s = desk.board.clock.s // _EACH_S * _EACH_S + _EACH_S
            self._stand(status)

    step = draw

    def redraw(self):
        """There is nothing to draw anew."""

    def _stand(self, status):
        line = self._line.clear().clock(self._desk.board.clock.s).add(b"  ")
        line.add(names.name(names.DELIVERY, status.delivery)).add(b", ").add(names.name(names.TRUST, status.trust))
        line.add(b", ").number(status.rate_ul_h, 3).add(b" mL/h, given ").number(status.delivered_ul, 3)
        self._say(line.add(b" mL, ").number(self._desk.board.plant.down_mmhg()).add(b" mmHg"))

    def _say(self, line):
        self._put(line.bytes, line.count)
        self._put(_BREAK, 1)
