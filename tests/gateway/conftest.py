"""The provisioned site and broker of tests/network, for clients."""

from __future__ import annotations

from tests.network.conftest import broker, has_mosquitto, site

__all__ = ["broker", "has_mosquitto", "site"]
