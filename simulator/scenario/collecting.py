"""Scenarios as pytest collects and plays them. The failure's text holds the story, the margins and what happened."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from simulator.files.scenario_models import HOMES
from simulator.files.seeds import seeds_in
from simulator.files.yaml_source import FileProblem, did_you_mean

if TYPE_CHECKING:
    from simulator.files.scenario import Scenario
    from simulator.scenario.player import Played

_BEGINS = re.compile(rb"^kvo:[ \t]*['\"]?scenario/", re.MULTILINE)
_LOOKED_AT = 16_384
OWN = ("own",)


class HasNoTeeth(Exception):
    """Without its own control an attack's own property holds all the same."""


class ScenarioFailed(Exception):
    """A property does not hold."""

    def __init__(self, played: Played, page: Path | None) -> None:
        self.played, self.page = played, page
        super().__init__(", ".join(outcome.judged.name for outcome in played.failing))


class Scenarios:
    """Collects the scenario files below the folders that were asked for."""

    def __init__(self, config: pytest.Config) -> None:
        self._roots = [_folder(config, name) for name in config.getoption("kvo")]
        self.seeds = _seeds(config.getoption("kvo_seeds"))
        self.homes = _homes(config.getoption("kvo_homes"))
        self.ablated = _ablated(config.getoption("kvo_ablate"), self.homes)
        report = config.getoption("kvo_report")
        self.report = None if report is None else (config.invocation_params.dir / report).resolve()
        if self.report is not None:
            _check_report()
        self._ask_for(config)

    def _ask_for(self, config: pytest.Config) -> None:
        """Let pytest look into the folders: into them alone, unless it was given arguments."""
        given = list(config.args) if config.args_source is pytest.Config.ArgsSource.ARGS else []
        there = {(config.invocation_params.dir / name.split("::")[0]).resolve() for name in given}
        config.args[:] = [*given, *(str(root) for root in self._roots if root not in there)]

    def pytest_collect_file(self, file_path: Path, parent: Any) -> Any:
        """A scenario file, or None for any other."""
        if file_path.suffix not in (".yaml", ".yml"):
            return None
        path = file_path.resolve()
        if not any(root == path or root in path.parents for root in self._roots) or not _is_scenario(file_path):
            return None
        collected = ScenarioFile.from_parent(parent, path=file_path)
        collected.options = self
        return collected


class ScenarioFile(pytest.File):
    """A scenario, as a file of tests."""

    options: Scenarios

    def collect(self) -> Iterator[pytest.Item]:
        """One test for each seed and home."""
        from simulator.files.scenario import load_scenario

        try:
            scenario = load_scenario(self.path)
        except FileProblem as problem:
            raise self.CollectError(str(problem)) from None
        without = self._without(scenario)
        if without is None:
            return
        for home in self.options.homes or (scenario.homes if not without else ("cpython",)):
            for seed in self.options.seeds or scenario.seeds:
                name = "-".join([f"seed{seed}", home, *(["without", *without] if without else [])])
                item = ScenarioItem.from_parent(self, name=f"{scenario.name}[{name}]")
                item.scenario, item.seed, item.home, item.report = scenario, seed, home, self.options.report
                item.without, item.must_bite = without, self.options.ablated == OWN
                yield item

    def _without(self, scenario: Scenario) -> tuple[str, ...] | None:
        """The controls that the pump lacks; None where this is no attack and attacks alone are asked for."""
        if not self.options.ablated:
            return ()
        if scenario.attack is None:
            return None
        if self.options.ablated != OWN:
            return self.options.ablated
        from simulator.attack.controls.table import in_order

        try:
            return in_order((scenario.attack.control,))
        except ValueError as unknown:
            raise self.CollectError(f"{self.path}: attack: control: {unknown}") from None


class ScenarioItem(pytest.Item):
    """One run of a scenario."""

    scenario: Scenario
    seed: int
    home: str
    report: Path | None
    without: tuple[str, ...] = ()
    must_bite: bool = False

    def runtest(self) -> None:
        """Play it; ScenarioFailed where a property does not hold."""
        from simulator.scenario.words import margin

        played = self._play()
        for outcome in played.outcomes:
            self.user_properties.append((f"margin {outcome.judged.name}", margin(outcome)))
        self.user_properties += [(f"trace {stream}", digest) for stream, digest in played.run.trace_sha256.items()]
        page = self._keep(played)
        attack = self.scenario.attack
        if self.must_bite and attack is not None:
            if attack.property not in [outcome.judged.name for outcome in played.failing]:
                raise HasNoTeeth(attack.property)
        elif not played.holds:
            raise ScenarioFailed(played, page)

    def _play(self) -> Played:
        from simulator.scenario.player import play

        if not self.without:
            return play(self.scenario, seed=self.seed, home=self.home)
        from simulator.attack.pump import weakened
        from simulator.attack.run import Lacking

        lacking = Lacking(self.without)
        return play(self.scenario, seed=self.seed, home=self.home, make_app=weakened(self.without), lacking=lacking)

    def _keep(self, played: Played) -> Path | None:
        """Write the page and the figures, if asked for; the page's path."""
        if self.report is None:
            return None
        from simulator.report import scenario as page
        from simulator.scenario.story import happenings

        name = re.sub(r"[^A-Za-z0-9._-]+", "-", self.nodeid).strip("-.")
        written = page.write(played, happenings(self.scenario, self.seed), self.report / f"{name}.html")
        figures = json.dumps(played.json(), indent=2, ensure_ascii=False) + "\n"
        (self.report / f"{name}.json").write_text(figures, encoding="utf-8")
        return written

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """What a person needs to know of a failure; a home that cannot be had is one line."""
        error = excinfo.value
        if isinstance(error, ScenarioFailed):
            from simulator.scenario.words import failure

            without = f"the pump lacks {', '.join(self.without)}\n" if self.without else ""
            return without + failure(error.played) + (f"\nreport: {error.page}" if error.page is not None else "")
        if isinstance(error, HasNoTeeth):
            return (
                f"{self.scenario.name}, seed {self.seed}: the property {error} holds without {self.without[0]} too, so "
                "nothing shows that this attack is one; make the property say what the control prevents, or name the "
                f"control that does\n{self.scenario.path}"
            )
        if type(error).__name__ in ("HomeError", "LinkLost", "MonitorUnavailable"):
            return f"{self.scenario.name}: {error}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it stands."""
        return self.path, 0, self.name


def _folder(config: pytest.Config, name: str) -> Path:
    path = (config.invocation_params.dir / name).resolve()
    if not path.exists():
        raise pytest.UsageError(f"--kvo {name}: there is no such folder or file; name the folder of your scenarios")
    return path


def _is_scenario(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return _BEGINS.search(file.read(_LOOKED_AT)) is not None
    except OSError:
        return False


def _seeds(text: str | None) -> list[int]:
    """Seeds as written on the command line; none where nothing was."""
    try:
        return [] if text is None else seeds_in(text)
    except ValueError as wrong:
        raise pytest.UsageError(f"--kvo-seeds {wrong}") from None


def _homes(text: str | None) -> list[str]:
    found = [part.strip() for part in text.split(",")] if text is not None else []
    for home in found:
        if home not in HOMES:
            raise pytest.UsageError(f"--kvo-homes {home!r}: {did_you_mean(home, HOMES)}")
    return list(dict.fromkeys(found))


def _ablated(text: str | None, homes: list[str]) -> tuple[str, ...]:
    """Controls to do without, OWN, or none; stand-ins are of this process, so that only home cpython has them."""
    if text is None:
        return ()
    if [home for home in homes if home != "cpython"]:
        raise pytest.UsageError("--kvo-ablate: only home cpython can do without controls; leave out --kvo-homes")
    names = tuple(part.strip() for part in text.split(","))
    if names == OWN:
        return OWN
    from simulator.attack.controls.table import in_order

    try:
        return in_order(names)
    except ValueError as unknown:
        raise pytest.UsageError(f"--kvo-ablate: {unknown}; 'kvo attack --controls' lists them") from None


def _check_report() -> None:
    from simulator.report.page import ReportUnavailable, plotly_js

    try:
        plotly_js()
    except ReportUnavailable as missing:
        raise pytest.UsageError(f"--kvo-report: {missing}") from None
