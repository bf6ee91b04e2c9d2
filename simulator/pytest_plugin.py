"""`pytest --kvo DIR`: each scenario of a folder is a test, for each seed and home.

Loaded by every pytest where KVO is installed, so it imports nothing until it is asked for.
"""

from __future__ import annotations

from typing import Any


def pytest_addoption(parser: Any) -> None:
    """The options, in a group of their own."""
    group = parser.getgroup("kvo", "KVO scenarios")
    group.addoption(
        "--kvo", action="append", default=[], metavar="DIR",
        help="Play the scenarios (files that begin with 'kvo: scenario/1') in DIR, one test for each seed and home. "
        "Alone, nothing else is collected; may be given again.",
    )  # fmt: skip
    group.addoption("--kvo-seeds", metavar="N,N-M", help="Seeds instead of each scenario's own, such as 0-4,7.")
    group.addoption("--kvo-homes", metavar="HOME,HOME", help="Homes instead of each scenario's own.")
    group.addoption(
        "--kvo-ablate", metavar="CONTROL,…|own",
        help="Play the attacks alone, against a pump without these controls; or 'own': each without its own control, "
        "where its own property must fail, which shows that the attack bites.",
    )  # fmt: skip
    group.addoption("--kvo-report", metavar="DIR", help="Write a page and a JSON file of each run to DIR.")


def pytest_configure(config: Any) -> None:
    """Where scenarios are asked for, let them be collected."""
    if config.getoption("kvo"):
        from simulator.scenario.collecting import Scenarios

        config.pluginmanager.register(Scenarios(config), "kvo-scenarios")
