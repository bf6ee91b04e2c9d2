"""Mosquitto's configuration and access list for a site: mutual TLS, each pump its own topics, bounds on everything."""

from __future__ import annotations

import getpass
from pathlib import Path

from simulator.site.files import NAME, Site, SiteError, write_private

# Topics, with %s for the pump's id in hex: docs/network.md is made from these.
REQUEST = "kvo/%s/request"
FACT = "kvo/%s/fact/+"
WILL = "kvo/%s/will"

LARGEST_MESSAGE = 4096  # a request has at most 1,024 bytes, a fact at most 2,048
LARGEST_PACKET = LARGEST_MESSAGE + 128
MOST_IN_FLIGHT = 20
MOST_QUEUED = 200
MOST_QUEUED_BYTES = 1 << 18
MOST_CONNECTIONS = 512
IDENTITY_PREFIX = "kvo-"  # of a client's id; the broker then goes by the certificate alone

LIMITS = {
    "max_packet_size": LARGEST_PACKET,
    "max_inflight_messages": MOST_IN_FLIGHT,
    "max_queued_messages": MOST_QUEUED,
    "max_queued_bytes": MOST_QUEUED_BYTES,
    "max_connections": MOST_CONNECTIONS,
}


def config(site: Site, port: int, folder: Path | None = None, retained: bool = False) -> str:
    """The text of mosquitto.conf. `retained`: let retained messages be, for tests of what a pump does with them."""
    broker = (folder or site.broker).resolve()
    limits = "\n".join(f"{name} {value}" for name, value in LIMITS.items() if name != "max_connections")
    return f"""# Made by `kvo provision`; a change here is lost when it writes again.
# No client without a certificate of this site's, no topic that the access list does not name.
per_listener_settings false
allow_anonymous false
allow_zero_length_clientid false
clientid_prefixes {IDENTITY_PREFIX}
acl_file {broker / "acl"}
user {getpass.getuser()}

# Nothing outlives a restart, and nobody leaves a message behind for whoever comes later.
persistence false
retain_available {"true" if retained else "false"}
queue_qos0_messages false
upgrade_outgoing_qos false
# A fact that follows an acknowledgement would else wait 40 ms.
set_tcp_nodelay true
{limits}

log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages true

listener {port} 127.0.0.1
max_connections {MOST_CONNECTIONS}
cafile {broker / "ca.crt"}
certfile {broker / "server.crt"}
keyfile {broker / "server.key"}
crlfile {broker / "revoked.crl"}
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
use_username_as_clientid true
"""


def access_list(site: Site) -> str:
    """The text of the access list. What it does not name is refused."""
    lines = [
        "# Made by `kvo provision`. A pump, by its certificate's name: its own topics, nothing else.",
        f"pattern read {REQUEST % '%u'}",
        f"pattern write {FACT % '%u'}",
        f"pattern write {WILL % '%u'}",
    ]
    for name in site.clients():
        if not NAME.fullmatch(name):
            raise SiteError(f"{name!r} can be no client's name: letters, digits and '-' only")
        lines += ["", f"user {name}"]
        lines += [f"topic write {REQUEST % '+'}", f"topic read {FACT % '+'}", f"topic read {WILL % '+'}"]
    return "\n".join(lines) + "\n"


def write_config(site: Site, port: int) -> None:
    """Write configuration and access list, and lay what the broker needs beside them."""
    write_private(site.config, config(site, port))
    write_private(site.acl, access_list(site))
    write_private(site.broker / "ca.crt", site.ca.read_bytes())
    write_private(site.broker / "revoked.crl", site.crl.read_bytes())
