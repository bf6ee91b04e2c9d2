"""`kvo`, the command line. Only what a command needs is imported, and only when it runs."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from tools.commands import (
    attack,
    build,
    chart,
    ctl,
    emulate,
    falsify,
    faults,
    files,
    flash,
    fuzz,
    gateway,
    hil,
    prove,
    provision,
    run,
    sbom,
    scenario,
    sign,
    ward,
)
from tools.commands.console import BAD_INPUT

# A refused file, a home that cannot be had, an image that cannot be made, a report or a monitor without
# its package, a site or a broker that is not there, a key that is not given.
_REFUSALS = (
    "FileProblem", "FlashProblem", "GatewayError", "HomeError", "ImageProblem", "InstallProblem", "KeyRefused",
    "LinkLost", "MonitorUnavailable", "ReportUnavailable", "SearchUnavailable",
    "SiteError",
)  # fmt: skip


class _Commands(TyperGroup):
    """Turns what a command refuses into one line on standard error and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            # By name: a command that reads no file and boots no home imports neither.
            if type(error).__name__ not in _REFUSALS:
                raise
            typer.echo(str(error), err=True)
            raise typer.Exit(BAD_INPUT) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=(
        "An infusion pump's firmware and its simulator. No medical device: simulated patients only.\n\n"
        "Begin with 'kvo demo'. Then 'kvo programme list' shows what can be run, 'kvo run NAME' runs one, and "
        "'kvo prove' lists what is claimed of the pump.\n\n"
        "Exit codes: 0 as asked; 1 a claim or check does not hold; 2 the input is refused, nothing was run."
    ),
)
app.command()(run.demo)
app.command()(run.run)
app.command()(flash.flash)
app.command()(hil.hil)
app.command()(hil.serve)
app.command()(emulate.emulate)
app.command()(prove.prove)
app.command()(build.build)
app.command()(chart.chart)
app.command()(sbom.sbom)
app.command()(fuzz.fuzz)
app.add_typer(files.programme_app, name="programme")
app.add_typer(files.library_app, name="library")
app.add_typer(faults.faults_app, name="faults")
app.add_typer(scenario.scenario_app, name="scenario")
app.command()(attack.attack)
app.command()(falsify.falsify)
app.add_typer(provision.provision_app, name="provision")
app.add_typer(sign.sign_app, name="sign")
app.add_typer(sign.update_app, name="update")
app.add_typer(chart.bench_app, name="bench")
app.command()(ward.ward)
app.command()(gateway.gateway)
app.add_typer(ctl.ctl_app, name="ctl")


def main() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    main()
