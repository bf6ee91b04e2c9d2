"""`kvo emulate` as far as it goes without an image of MicroPython: with the library's own objects."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command import kvo
from tools.emulator import EmulatorProblem
from tools.emulator.uf2 import ABSOLUTE, RP2040, check_uf2

from .images import make_image

pytest.importorskip("rp2040py", reason="the emulator: pip install 'kvo[emulate]'")
pytest.importorskip("littlefs", reason="littlefs: pip install 'kvo[emulate]'")

from littlefs import LittleFS, UserContext
from rp2040py.external.cyw43 import Cyw43439, net
from rp2040py.external.cyw43.nat import GATEWAY_IP, GATEWAY_MAC, GUEST_IP
from rp2040py.rp2040 import RP2040 as Chip
from rp2040py.usb.cdc import USBCDC

from tools.emulator.files import file_system
from tools.emulator.network import GATEWAY, LOOPBACK, LocalBridge, LocalWifi, connect
from tools.emulator.run import board_of, device_of, emulate
from tools.emulator.usb import Throttle

GUEST_MAC = bytes([2, 0, 0, 0, 0, 9])
OUTSIDE = bytes([192, 0, 2, 7])  # an address for documents, in nobody's use
# A branch to itself: an RP2040 that does nothing, for ever.
IDLE = struct.pack("<H", 0xE7FE) * 128


def uf2(blocks: list[tuple[int, bytes]], family: int = RP2040, flags: int = 0x2000) -> bytes:
    """A UF2 image of blocks, each an address and up to 256 bytes."""
    return b"".join(
        struct.pack("<8I", 0x0A324655, 0x9E5D5157, flags, address, len(data), place, len(blocks), family)
        + data.ljust(476, b"\0")
        + struct.pack("<I", 0x0AB16F30)
        for place, (address, data) in enumerate(blocks)
    )


FIRST = (0x10000000, IDLE)


@pytest.fixture
def idle(tmp_path: Path) -> Path:
    """An image that boots into nothing."""
    path = tmp_path / "idle.uf2"
    path.write_bytes(uf2([FIRST]))
    return path


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no UF2 image"),
        (b"M\x06" * 300, "no UF2 image, or one cut off"),
        (bytes(512), "block 0 has not its marks"),
        (uf2([FIRST])[:-4] + bytes(4), "block 0 has not its marks"),
        (uf2([FIRST]) + bytes(512), "block 1 has not its marks"),
        (uf2([FIRST], 0xE48BFF59), "an image for RP2350; the emulator has an RP2040"),
        (uf2([FIRST], 0x12345678), "an image for family 0x12345678"),
        (uf2([FIRST], ABSOLUTE), "nothing for an RP2040"),
        (uf2([(0x20000000, IDLE)]), "0x20000000, which is not in a Pico's flash"),
        (uf2([(0x101FFFFF, IDLE)]), "not in a Pico's flash"),
    ],
)
def test_what_is_no_image_for_an_rp2040_is_refused(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "image.uf2"
    path.write_bytes(data)
    with pytest.raises(EmulatorProblem, match=says):
        check_uf2(path)


def test_an_image_with_or_without_a_family_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "image.uf2"
    for data in (uf2([FIRST]), uf2([FIRST], 0, flags=0), uf2([FIRST], ABSOLUTE) + uf2([FIRST])):
        path.write_bytes(data)
        check_uf2(path)


def test_the_command_refuses_a_missing_image_of_either_kind(tmp_path: Path) -> None:
    folder = make_image(tmp_path / "image")
    done = kvo("emulate", folder, "--image", tmp_path / "none.uf2")
    assert done.exit_code == 2
    assert "none.uf2: No such file or directory; name an official MicroPython .uf2" in done.output
    done = kvo("emulate", tmp_path / "nothing", "--image", tmp_path / "none.uf2")
    assert done.exit_code == 2
    assert "name a folder that 'kvo build' made" in done.output


# The network.


class Guest:
    """Frames of a guest to a bridge, and back."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.back: list[bytes] = []
        self.running: list[Any] = []
        self._loop = loop
        self.bridge = LocalBridge(self, self.back.append)

    def schedule_threadsafe(self, work: Any) -> None:
        """What the emulator offers its devices: run this on the loop."""
        self.running.append(self._loop.create_task(work))

    def send(self, to: bytes, protocol: int, payload: bytes) -> None:
        packet = net.pack_ipv4(GUEST_IP, to, protocol, payload)
        frame = net.pack_ethernet(GATEWAY_MAC, GUEST_MAC, net.ETHERTYPE_IPV4, packet)
        self.bridge.handle_outbound_ethernet_frame(frame)

    def answers(self) -> list[Any]:
        """What came back, as IPv4 packets."""
        found = [net.parse_ethernet(frame) for frame in self.back]
        return [net.parse_ipv4(ethernet.payload) for ethernet in found if ethernet is not None]


class Watch:
    """Every address that the process tries to reach over asyncio."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, loop: asyncio.AbstractEventLoop) -> None:
        self.reached: list[tuple[str, int]] = []
        dial, send = loop.create_connection, loop.create_datagram_endpoint

        async def create_connection(factory: Any, host: Any = None, port: Any = None, **rest: Any) -> Any:
            self.reached.append((host, port))
            return await dial(factory, host, port, **rest)

        async def create_datagram_endpoint(factory: Any, remote_addr: Any = None, **rest: Any) -> Any:
            self.reached.append(remote_addr)
            return await send(factory, remote_addr=remote_addr, **rest)

        monkeypatch.setattr(loop, "create_connection", create_connection)
        monkeypatch.setattr(loop, "create_datagram_endpoint", create_datagram_endpoint)


@pytest.fixture
def echo() -> Iterator[int]:
    """A port of 127.0.0.1 that echoes a datagram and greets a connection."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((LOOPBACK, 0))
    port = udp.getsockname()[1]
    tcp = socket.create_server((LOOPBACK, port))

    def answer() -> None:
        data, sender = udp.recvfrom(100)
        if data:
            udp.sendto(b"echo " + data, sender)

    def greet() -> None:
        near, _ = tcp.accept()
        near.sendall(b"hello")
        near.close()

    threads = [threading.Thread(target=answer, daemon=True), threading.Thread(target=greet, daemon=True)]
    for thread in threads:
        thread.start()
    yield port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.sendto(b"", (LOOPBACK, port))
    with socket.create_connection((LOOPBACK, port)):
        pass
    udp.close()
    tcp.close()


def syn(to: bytes, port: int) -> bytes:
    return net.pack_tcp(GUEST_IP, to, 40_000, port, 1, 0, net.TCP_SYN, 8192, mss=1000)


async def test_the_gateway_is_this_machine(echo: int, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    watch, guest = Watch(monkeypatch, loop), Guest(loop)
    guest.send(GATEWAY_IP, net.IP_PROTO_UDP, net.pack_udp(GUEST_IP, GATEWAY_IP, 5000, echo, b"datagram"))
    await guest.running[0]
    (answer,) = guest.answers()
    assert net.parse_udp(answer.payload).payload == b"echo datagram"  # type: ignore[union-attr]
    guest.back.clear()
    guest.send(GATEWAY_IP, net.IP_PROTO_TCP, syn(GATEWAY_IP, echo))
    await guest.running[1]
    segments = [net.parse_tcp(packet.payload) for packet in guest.answers()]
    assert next(segment.flags for segment in segments if segment) == net.TCP_SYN | net.TCP_ACK
    assert b"".join(segment.payload for segment in segments if segment) == b"hello"
    assert set(watch.reached) == {(LOOPBACK, echo)}
    guest.bridge.reset()


async def test_nothing_else_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    watch, guest = Watch(monkeypatch, loop), Guest(loop)
    neighbour, itself, resolver = bytes([10, 0, 0, 3]), bytes([127, 0, 0, 1]), bytes([198, 51, 100, 1])
    for to, port in ((OUTSIDE, 443), (neighbour, 80), (itself, 80), (resolver, 53)):
        guest.send(to, net.IP_PROTO_TCP, syn(to, port))
        guest.send(to, net.IP_PROTO_UDP, net.pack_udp(GUEST_IP, to, 5000, port, b"datagram"))
    guest.send(GATEWAY_IP, net.IP_PROTO_UDP, net.pack_udp(GUEST_IP, GATEWAY_IP, 5000, 53, b"a name"))
    guest.send(OUTSIDE, 1, b"a ping")
    await asyncio.gather(*guest.running)
    assert watch.reached == []
    flags = [net.parse_tcp(packet.payload).flags for packet in guest.answers()]  # type: ignore[union-attr]
    assert flags == [net.TCP_RST | net.TCP_ACK] * 4, "each connection is refused, and nothing else comes back"


async def test_left_to_itself_the_library_reaches_out(monkeypatch: pytest.MonkeyPatch) -> None:
    # What the guard is for: without it the test above would see this.
    from rp2040py.external.cyw43.nat import NatBridge

    async def dials(host: str, port: int) -> Any:
        reached.append((host, port))
        raise ConnectionRefusedError

    reached: list[tuple[str, int]] = []
    monkeypatch.setattr(asyncio, "open_connection", dials)
    guest = Guest(asyncio.get_running_loop())
    guest.bridge = NatBridge(guest, guest.back.append)  # type: ignore[assignment, arg-type]
    guest.send(OUTSIDE, net.IP_PROTO_TCP, syn(OUTSIDE, 443))
    await asyncio.gather(*guest.running)
    assert reached == [("192.0.2.7", 443)]


async def test_a_connection_outside_is_refused_before_it_is_tried() -> None:
    with pytest.raises(ConnectionRefusedError, match=r"192\.0\.2\.7"):
        await connect("192.0.2.7", 443)
    assert GATEWAY == "10.0.0.1"


def test_the_emulated_pico_w_has_the_guarded_network_and_no_other(idle: Path) -> None:
    extras = [factory() for factory in board_of("pico_w", idle).extras]
    radios = [extra for extra in extras if isinstance(extra, Cyw43439)]
    assert [type(radio) for radio in radios] == [LocalWifi]
    radios[0].attach(Chip())
    assert isinstance(radios[0].bus.nat_bridge, LocalBridge)
    assert not any(isinstance(factory(), Cyw43439) for factory in board_of("pico", idle).extras)


# The USB host.


class Usb:
    """A chip's USB controller with a host; `done` holds what the host sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, throttled: bool) -> None:
        self.chip = Chip()
        self.cdc = USBCDC(self.chip.usb_ctrl)
        self.cdc._out_endpoint = 2  # as it is once the guest has told its descriptors
        self.done: list[tuple[int, bytes]] = []
        monkeypatch.setattr(
            self.chip.usb_ctrl, "endpoint_read_done",
            lambda endpoint, data, delay=None: self.done.append((endpoint, bytes(data))),
        )  # fmt: skip
        self.throttle = Throttle(self.cdc, self.chip.clock) if throttled else None

    def arm(self, endpoint: int = 2, size: int = 64) -> None:
        """The guest is ready for a packet."""
        read = self.chip.usb_ctrl.on_endpoint_read
        assert read is not None
        read(endpoint, size)

    def type(self, text: bytes) -> None:
        for byte in text:
            self.cdc.send_serial_byte(byte)
        self.chip.clock.tick(200_000)


def test_an_idle_read_is_held_until_something_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    usb = Usb(monkeypatch, throttled=True)
    usb.arm()
    usb.chip.clock.tick(10_000_000)
    assert usb.done == []
    usb.type(b"print(1)")
    assert usb.done == [(2, b"print(1)")]
    usb.arm()
    assert len(usb.done) == 1
    usb.type(b"x")
    assert usb.done[1:] == [(2, b"x")]


def test_without_the_throttle_it_is_completed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    usb = Usb(monkeypatch, throttled=False)
    usb.arm()
    assert usb.done == [(2, b"")]


def test_what_waits_already_goes_at_once_and_control_is_never_held(monkeypatch: pytest.MonkeyPatch) -> None:
    usb = Usb(monkeypatch, throttled=True)
    usb.type(b"early")
    usb.arm()
    assert usb.done == [(2, b"early")]
    assert usb.throttle is not None
    usb.arm(endpoint=0)
    assert usb.throttle.held == {}


def test_a_reset_forgets_what_was_held(monkeypatch: pytest.MonkeyPatch) -> None:
    usb = Usb(monkeypatch, throttled=True)
    usb.arm()
    usb.cdc.reset()
    usb.type(b"x")
    assert usb.done == []


# Files, and the emulator itself.


def test_files_lie_where_micropython_looks_for_them(tmp_path: Path, idle: Path) -> None:
    folder = make_image(tmp_path / "image")
    files = {path: (folder / path).read_bytes() for path in ("main.py", "firmware/app.mpy", "hal/pico/board.mpy")}
    for name in ("pico", "pico_w"):
        device, _ = device_of(board_of(name, idle), files)
        layout = device.board.layout
        assert layout is not None
        size = layout.fs_blocksize * layout.fs_blockcount
        assert layout.fs_start + size == 2 * 1024 * 1024, "the end of a Pico's flash"
        context = UserContext(buffsize=size)
        context.buffer = bytearray(device.mcu.flash[layout.fs_start : layout.fs_start + size])
        disk = LittleFS(
            context=context, block_size=layout.fs_blocksize, block_count=layout.fs_blockcount, prog_size=256, mount=True
        )
        for path, data in files.items():
            with disk.open(path, "rb") as file:
                assert file.read() == data
        disk.unmount()


def test_files_that_do_not_fit_are_refused() -> None:
    with pytest.raises(EmulatorProblem, match=r"big: the files \(99,999 bytes\) do not fit in the board's 32,768"):
        file_system({"big": bytes(99_999)}, 4096, 8)


async def test_what_brings_up_no_console_is_named(idle: Path) -> None:
    said: list[str] = []
    with pytest.raises(EmulatorProblem, match=r"idle\.uf2: no USB console came up within 0\.5 s; is it MicroPython"):
        await emulate(board_of("pico", idle), {"main.py": b""}, 0, None, said.append, boot_s=0.5)
    assert said[0].startswith("the board's console is on socket://127.0.0.1:")


async def test_a_console_port_that_is_taken_is_named(idle: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken, pytest.raises(EmulatorProblem, match="name another port"):
        await emulate(board_of("pico", idle), {}, taken.getsockname()[1], None, lambda line: None)
