"""Carries requests and facts over MQTT 3.1.1: stepped by `poll`, never waits, believes nothing of the broker.

Clean sessions only: no request is kept for a pump that is away. Retained requests are ignored, and so is every
topic but the pump's own. A fact of QoS 1 is kept until the broker has acknowledged it, over as many as TRIES
connections; one is under way at a time. Whatever a broker sends amiss ends the connection and nothing else.
"""

from firmware.comms import packets as p
from firmware.comms.backoff import Backoff
from firmware.comms.outgoing import Outgoing
from firmware.comms.sender import Sender
from firmware.comms.topics import OFFLINE, Topics
from hal.compat import const, ticks_add, ticks_diff
from hal.ports import ERR_BUSY, OK

KEEP_ALIVE_S = const(30)  # told to the broker: without a sign of us for half as long again, it gives out our will
SILENT_MS = const(20_000)  # we sent nothing for so long
PING_MS = const(5000)  # nothing was heard for so long: ask whether the broker is there
ANSWER_MS = const(5000)  # it has so long to answer
DIAL_MS = const(20_000)
SETTLE_MS = const(2500)  # before the first dial, so that the gatekeeper gives up what a fallen comms broke off
CHUNK = const(256)

AWAY = const(0)  # waits until it may dial
DIALLING = const(1)
GREETING = const(2)  # CONNECT is out
ASKING = const(3)  # SUBSCRIBE is out
UP = const(4)

_SMALL = const(160)  # the longest packet but a PUBLISH: CONNECT
_SUBSCRIBE_ID = const(0xFFFF)
_GRANTED = const(1)


class MqttMaker:
    """`make` is what the supervisor calls: make_comms(link, inbox, facts, leave)."""

    def __init__(self, pump_id, clock, entropy):
        """`pump_id`: 8 bytes, which the topics and the certificate are named by."""
        self._topics = Topics(pump_id)
        self._clock = clock
        self._entropy = entropy

    def make(self, link, inbox, facts, leave):
        """Return a Mqtt."""
        return Mqtt(self._topics, self._clock, self._entropy, link, inbox, facts, leave)


class Mqtt:
    """One pump's end. `state` is AWAY … UP; the counters tell a test what a broker did."""

    def __init__(self, topics, clock, entropy, link, inbox, facts, leave):
        """`link`: hal.ports.Link that is dialled; `leave.ms` is asked before it may block."""
        now_ms = clock.ticks_ms()
        self._topics = topics
        self._clock = clock
        self._link = link
        self._inbox = inbox
        self._leave = leave
        self._inbound = p.Inbound()
        self._body = memoryview(self._inbound.body)
        self._outgoing = Outgoing(facts, topics, now_ms)
        self._backoff = Backoff(ticks_add(now_ms, SETTLE_MS), entropy)
        self._chunk = bytearray(CHUNK)
        self._chunk_place = self._chunk_end = 0
        self._small = bytearray(_SMALL)
        self._sender = Sender(now_ms)
        self._give_place = self._give_end = 0  # of the inbound body: what the inbox has not taken yet
        self.state = AWAY
        self.connections = 0  # that came UP
        self.ignored = 0  # retained, or on another topic
        self.violations = 0  # packets that ended a connection
        self._begin(now_ms)

    def _begin(self, now_ms):
        """Nothing is under way."""
        self._sender.clear()
        self._acknowledge = 0  # packet id to acknowledge, once the inbox has the request
        self._in_flight = False  # the broker owes a PUBACK
        self._once = False  # the fact that is being sent is done with when it is out
        self._pinged = False
        self._since_ms = self._heard_ms = self._asked_ms = self._pinged_ms = now_ms

    def poll(self):
        """Do what can be done without waiting."""
        now_ms = self._clock.ticks_ms()
        if self.state == AWAY:
            if self._backoff.is_due(now_ms):
                self._dial(now_ms)
        elif self.state == DIALLING:
            self._dial(now_ms)
        elif self._is_late(now_ms) or not self._flush(now_ms):
            self._hang_up(now_ms)
        elif self._listen(now_ms) and self._sender.is_idle():
            self._speak(now_ms)
        self._give()

    # The connection.

    def _dial(self, now_ms):
        if self._leave.ms < self._link.blocks_ms:
            return  # a handshake would take longer than the lease in force
        if self.state == AWAY:
            self._since_ms = now_ms
            self.state = DIALLING
        rc = self._link.open()
        if rc == OK:
            self._greet(self._clock.ticks_ms())  # a handshake takes time
        elif rc != ERR_BUSY or ticks_diff(now_ms, self._since_ms) >= DIAL_MS:
            self._hang_up(now_ms)

    def _greet(self, now_ms):
        self._begin(now_ms)
        self._inbound.reset()
        self._chunk_place = self._chunk_end = 0
        self.state = GREETING
        topics = self._topics
        count = p.put_connect(self._small, topics.client, KEEP_ALIVE_S, topics.will, OFFLINE)
        self._sender.send(self._small, 0, count, now_ms)

    def _hang_up(self, now_ms):
        self._link.close()
        self._backoff.fail(now_ms, self._since_ms if self.state == UP else now_ms)
        self._begin(now_ms)
        self.state = AWAY

    def _is_late(self, now_ms):
        """Whether something that the broker owes has not come in time."""
        owes = self.state != UP or self._in_flight
        return (
            (owes and ticks_diff(now_ms, self._asked_ms) >= ANSWER_MS)
            or (self._pinged and ticks_diff(now_ms, self._pinged_ms) >= ANSWER_MS)
            or self._sender.is_stuck(now_ms)
        )

    # Sending.

    def _flush(self, now_ms):
        """Hand the link what it takes; False where the link is gone."""
        if not self._sender.flush(self._link, now_ms):
            return False
        if self._once and self._sender.is_idle():
            self._once = False
            self._outgoing.done()
        return True

    def _speak(self, now_ms):
        """Begin the next packet: an acknowledgement before a ping, a ping before a fact."""
        small = self._small
        outgoing = self._outgoing
        if self.state != UP:
            return
        if self._acknowledge and self._give_place == self._give_end:
            count = p.put_acknowledge(small, self._acknowledge)
            self._acknowledge = 0
            self._sender.send(small, 0, count, now_ms)
        elif not self._pinged and self._is_quiet(now_ms):
            self._pinged = True
            self._pinged_ms = now_ms
            self._sender.send(small, 0, p.put_ping(small), now_ms)
        elif not self._in_flight and outgoing.look(now_ms) and outgoing.address():
            self._once = not outgoing.packet_id
            self._in_flight = not self._once
            self._asked_ms = now_ms
            self._sender.send(outgoing.buffer, outgoing.start, outgoing.end, now_ms)

    def _is_quiet(self, now_ms):
        """Whether the broker, or we, have said nothing for long: a dead link shows only when it is used."""
        return ticks_diff(now_ms, self._heard_ms) >= PING_MS or self._sender.is_quiet(now_ms, SILENT_MS)

    # Listening.

    def _listen(self, now_ms):
        """Take what came, a chunk at most, unless a request waits for the inbox; False where the connection ended."""
        inbound = self._inbound
        while self._give_place == self._give_end and not self._acknowledge:
            if self._chunk_place == self._chunk_end:
                count = self._link.receive(self._chunk)
                if not 0 <= count <= CHUNK:
                    self._hang_up(now_ms)
                    return False
                if not count:
                    return True
                self._chunk_place = 0
                self._chunk_end = count
            self._chunk_place = inbound.feed(self._chunk, self._chunk_place, self._chunk_end)
            if inbound.broken or (inbound.whole and not self._take(now_ms)):
                self.violations = self.violations + 1 & 0x3FFFFFFF
                self._hang_up(now_ms)
                return False
            if inbound.whole:
                self._heard_ms = now_ms
                inbound.next()
            if self._chunk_place == self._chunk_end:
                return True
        return True

    def _take(self, now_ms):
        """Take a whole packet; False where a broker may not send it now."""
        head = self._inbound.head
        if self.state == GREETING:
            return head == p.CONNACK and self._is_welcome(now_ms)
        if self.state == ASKING:
            # A broker may send what was subscribed before it says that it was (section 3.8.4).
            return self._is_granted(now_ms) if head == p.SUBACK else self._take_publish(head)
        if head == p.PINGRESP:
            was_asked = self._pinged
            self._pinged = False
            return was_asked
        if head == p.PUBACK:
            return self._take_acknowledgement()
        return self._take_publish(head)

    def _is_welcome(self, now_ms):
        body = self._inbound.body
        # A session that was kept though none was wanted, a no, or an answer before the question was out.
        if body[0] or body[1] or not self._sender.is_idle():
            return False
        count = p.put_subscribe(self._small, _SUBSCRIBE_ID, self._topics.request)
        self._sender.send(self._small, 0, count, now_ms)
        self._asked_ms = now_ms
        self.state = ASKING
        return True

    def _is_granted(self, now_ms):
        if self._inbound.short(0) != _SUBSCRIBE_ID or self._inbound.body[2] > _GRANTED:
            return False
        self.state = UP
        self._since_ms = now_ms
        self.connections = self.connections + 1 & 0x3FFFFFFF
        return True

    def _take_acknowledgement(self):
        if not self._in_flight or self._inbound.short(0) != self._outgoing.packet_id:
            return False
        self._in_flight = False
        self._outgoing.done()
        return True

    def _take_publish(self, head):
        """Lay a request ready for the inbox; what is retained or on another topic is acknowledged and forgotten."""
        inbound = self._inbound
        if head & 0xF0 != p.PUBLISH:
            return False
        count = inbound.short(0)
        place = 2 + count
        acknowledge = 0
        if head & p.QOS_1:
            if place + 2 > min(inbound.length, p.KEPT):
                return False
            acknowledge = inbound.short(place)
            if not acknowledge:
                return False
            place += 2
        if place > inbound.length:
            return False
        topic = self._topics.request
        if head & p.RETAIN or count != len(topic) or inbound.body[2 : 2 + count] != topic:
            self.ignored = self.ignored + 1 & 0x3FFFFFFF
        else:
            # One byte more than the longest shows the gatekeeper that it is too long.
            size = min(inbound.length - place, p.REQUEST + 1)
            p.put_short(inbound.body, place - 2, size)
            self._give_place = place - 2
            self._give_end = place + size
        self._acknowledge = acknowledge
        return True

    def _give(self):
        """Hand the inbox what it has room for."""
        left = self._give_end - self._give_place
        if left:
            self._give_place += self._inbox.put(self._body[self._give_place : self._give_end], left)
