"""`kvo` as a person meets it, in this process, and a programme of a minute."""

from __future__ import annotations

from typing import Any

from typer.testing import CliRunner

from tools.cli import app

MINUTE = """\
kvo: programme/1
name: one-minute
title: One minute of saline
library: ward
head: volumetric
reservoir: 500 mL
therapy:
  drug: sodium chloride 0.9%
  care_area: ward
  mode: continuous
  dose_rate: 100 mL/h
  vtbi: 200 mL
duration: 1 min
"""


def kvo(*arguments: object) -> Any:
    """Run `kvo` with `arguments`; what a person would see, unstyled. What it lets out is let out here."""
    done = CliRunner().invoke(app, [str(one) for one in arguments], env={"NO_COLOR": "1", "COLUMNS": "200"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done
