"""`kvo hil` and `kvo serve`: the firmware at the far end of a byte stream, and everything around it."""

from __future__ import annotations

from pathlib import Path
from time import sleep
from typing import Annotated

import typer

from tools.commands.run import Json, NearWrap, Seed, infuse_and_tell


def hil(
    programme: Annotated[str, typer.Argument(help="A shipped programme (see 'kvo programme list') or a YAML file.")],
    port: Annotated[
        str, typer.Option(help="Where the firmware is: /dev/ttyACM0, COM3, socket://127.0.0.1:5555, any pySerial URL.")
    ],
    seed: Seed = 0,
    near_wrap: NearWrap = False,
    report: Annotated[
        Path | None, typer.Option(help="Write a page with the run's timeline to this file.", dir_okay=False)
    ] = None,
    json: Json = None,
) -> None:
    """Infuse PROGRAMME on the firmware at the far end of --port: a board on a serial port, or another process.

    The simulator plays the pump's hardware and the patient; the firmware over there takes one turn
    for each tenth of a simulated second. Time is virtual: a slow link makes a slow run, of the
    same trace as 'kvo run'. A frame that is lost or garbled is sent again; where the link is gone the
    simulated motor runs out its lease and stops, and the run ends with exit code 2.

    Example: kvo hil norepinephrine-8h --port socket://127.0.0.1:5555
    """
    from simulator.homes import STREAM

    infuse_and_tell(programme, seed, STREAM + port, near_wrap, None, report, json)


def serve(
    tcp: Annotated[int, typer.Option(help="TCP port of 127.0.0.1; 0: any free one.", min=0, max=65535)] = 5555,
) -> None:
    """Serve the firmware under MicroPython's unix port on TCP, for 'kvo hil', until Ctrl-C.

    One host at a time, the next when that has gone; on this machine alone.

    Example: kvo serve --tcp 5555
    """
    from tools.served import served

    with served(port=tcp) as port:
        typer.echo(f"the firmware is served on socket://127.0.0.1:{port}; Ctrl-C ends it")
        try:
            while True:
                sleep(3600)
        except KeyboardInterrupt:
            return
