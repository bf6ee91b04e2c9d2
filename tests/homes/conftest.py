"""What the tests of every home share."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.files.programme import find_programme, load_programme


@pytest.fixture(scope="module")
def programme() -> Any:
    """A programme with a bolus, trust events and disturbances."""
    return load_programme(find_programme("morphine-pca"))
