"""A provisioned site, and Mosquitto running with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator.site.files import Site, SiteError
from simulator.site.make import make_site
from simulator.site.mosquitto import Mosquitto, mosquitto_command
from simulator.site.people import USUAL, parse_operator


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site of two pumps."""
    people = [parse_operator(text, place + 1) for place, text in enumerate(USUAL)]
    return make_site(tmp_path_factory.mktemp("sites") / "ward", 2, people)


@pytest.fixture(scope="session")
def has_mosquitto() -> None:
    """Skips where Mosquitto is not installed; where CI=true that fails."""
    try:
        mosquitto_command()
    except SiteError as absent:
        pytest.skip(str(absent))


@pytest.fixture
def broker(site: Site, has_mosquitto: None) -> Iterator[Mosquitto]:
    """Mosquitto by the site's own configuration, on a free port."""
    with Mosquitto(site) as running:
        yield running
