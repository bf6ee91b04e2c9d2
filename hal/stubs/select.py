"""`select` with a poll that knows the sockets of hal/stubs/socket.py; everything else as CPython has it."""

from select import *  # noqa: F403 (what CPython's own modules look for here)

POLLIN, POLLOUT, POLLERR, POLLHUP = 1, 4, 8, 16


class poll:
    """Looks at what is registered: objects with `readable()`, `writable()` and `hung_up()`."""

    def __init__(self):
        self._watched = {}

    def register(self, thing, eventmask=POLLIN | POLLOUT):
        """Look at it from now on."""
        self._watched[thing] = eventmask

    def unregister(self, thing):
        """No more; KeyError for what is not there, as MicroPython has it."""
        del self._watched[thing]

    def poll(self, timeout=-1):
        """What is ready now. Waiting is refused: no driver may."""
        if timeout != 0:
            raise RuntimeError("this poll would wait")
        ready = []
        for thing, mask in self._watched.items():
            events = POLLHUP if thing.hung_up() else 0
            if mask & POLLIN and thing.readable():
                events |= POLLIN
            if mask & POLLOUT and thing.writable():
                events |= POLLOUT
            if events:
                ready.append((thing, events))
        return ready

    def ipoll(self, timeout=-1, flags=0):
        """The same, one at a time."""
        return iter(self.poll(timeout))
