"""The emulated Pico W's network, walled in: of all the world the guest reaches 127.0.0.1 of this machine.

Left to itself rp2040py forwards the guest's TCP and UDP to wherever they are addressed, and its
name look-ups to a public resolver. Here the guest's gateway, 10.0.0.1, stands for 127.0.0.1;
everything else is refused (TCP) or lost (UDP, names).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from rp2040py.external.cyw43 import Cyw43439, net
from rp2040py.external.cyw43.nat import GATEWAY_IP, ArpResponder, DhcpServer, TcpReflector, UdpRelay

LOOPBACK = "127.0.0.1"
GATEWAY = ".".join(str(byte) for byte in GATEWAY_IP)
Queue = Callable[[bytes], None]


async def connect(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a TCP connection for the guest: to this machine for its gateway, refused for all else."""
    if host != GATEWAY:
        raise ConnectionRefusedError(f"the guest may not reach {host}")
    return await asyncio.open_connection(LOOPBACK, port)


class LocalUdp(UdpRelay):
    """Datagrams to the gateway go to this machine; all others, and look-ups of names, are lost."""

    def __init__(self, rp2040: Any, queue: Queue) -> None:
        super().__init__(rp2040, queue, dns_upstream=("", 0))

    async def _relay(
        self,
        guest_mac: bytes,
        guest_ip: bytes,
        guest_port: int,
        query: bytes,
        upstream: tuple[str, int],
        reply_src_ip: bytes,
        reply_src_port: int,
    ) -> None:
        host, port = upstream
        if host == GATEWAY:
            here = (LOOPBACK, port)
            await super()._relay(guest_mac, guest_ip, guest_port, query, here, reply_src_ip, reply_src_port)


class LocalBridge:
    """Stands where rp2040py's NatBridge stands, and hands on only what stays here."""

    def __init__(self, rp2040: Any, queue: Queue) -> None:
        self._arp = ArpResponder()
        self._dhcp = DhcpServer()
        self._udp = LocalUdp(rp2040, queue)
        self._tcp = TcpReflector(rp2040, queue, connect_fn=connect)
        self._queue = queue

    def reset(self) -> None:
        """The guest left the network: no connection outlives that."""
        self._tcp.reset()

    def handle_outbound_ethernet_frame(self, frame: bytes) -> None:
        """A frame from the guest; what is no ARP, DHCP, UDP or TCP of IPv4 is lost."""
        ethernet = net.parse_ethernet(frame)
        if ethernet is None:
            return
        reply = self._arp.maybe_handle(ethernet) or self._dhcp.maybe_handle(ethernet)
        if reply is not None:
            self._queue(reply)
            return
        packet = net.parse_ipv4(ethernet.payload) if ethernet.ethertype == net.ETHERTYPE_IPV4 else None
        if packet is not None and not self._udp.maybe_handle(ethernet):
            self._tcp.maybe_handle(ethernet, packet)


class LocalWifi(Cyw43439):
    """The Pico W's radio with LocalBridge behind it."""

    def attach(self, rp2040: Any) -> None:
        super().attach(rp2040)
        self.bus.nat_bridge = LocalBridge(rp2040, self.bus.queue_rx_ethernet_frame)  # type: ignore[assignment]
