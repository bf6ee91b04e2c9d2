"""Clients of a site's broker, good and bad, for tests."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

import aiomqtt

from simulator.site.files import Site


def context(folder: Path | None, ca: Path, stem: str = "client") -> ssl.SSLContext:
    """TLS as a client of the site does it, with the certificate in `folder`, or with none."""
    made = ssl.create_default_context(cafile=str(ca))
    if folder is not None:
        made.load_cert_chain(folder / f"{stem}.crt", folder / f"{stem}.key")
    return made


def client(site: Site, port: int, folder: Path | None, identity: str = "kvo-client", **more: Any) -> aiomqtt.Client:
    """An aiomqtt client of the broker on `port`."""
    return aiomqtt.Client(
        "localhost", port, identifier=identity, tls_context=more.pop("tls", None) or context(folder, site.ca),
        protocol=aiomqtt.ProtocolVersion.V311, timeout=more.pop("timeout", 10), **more,
    )  # fmt: skip


def connack(port: int, tls: ssl.SSLContext, identity: str = "kvo-client") -> int | None:
    """The broker's return code to a CONNECT, 0 for welcome; None where it does not answer, or is none of ours."""
    name = identity.encode()
    body = b"\x00\x04MQTT\x04\x02\x00\x3c" + len(name).to_bytes(2, "big") + name
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        try:
            with tls.wrap_socket(plain, server_hostname="localhost") as secure:
                secure.sendall(bytes((0x10, len(body))) + body)
                answer = secure.recv(4)
        except OSError:
            return None
    return answer[3] if len(answer) == 4 else None
