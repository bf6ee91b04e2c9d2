"""What a run was, for people: `write(result, path)` makes one HTML file that needs no network."""

from simulator.report.page import ReportUnavailable
from simulator.report.run import write

__all__ = ["ReportUnavailable", "write"]
