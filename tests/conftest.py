"""What is left out is said; where CI=true is set, leaving out is failing."""

import os

import pytest
from hypothesis import settings

# A slow machine is no finding: nothing here is judged by the clock on the wall.
settings.register_profile("kvo", deadline=None)
settings.load_profile("kvo")

STRICT = os.environ.get("CI", "").lower() == "true"


def _reason(report):
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


def _fail_skipped(report):
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"CI leaves nothing out, but this was: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return _fail_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return _fail_skipped((yield))


def pytest_terminal_summary(terminalreporter):
    left_out = terminalreporter.stats.get("skipped", [])
    if left_out:
        terminalreporter.section("left out here (CI=true fails on these)")
    for report in left_out:
        terminalreporter.write_line(f"{report.nodeid}: {_reason(report)}")
