"""A provisioned site, and Mosquitto running with it, as the tests of the network have them."""

from tests.network.conftest import broker, has_mosquitto, site

__all__ = ["broker", "has_mosquitto", "site"]
