"""`kvo sbom`: what a device's image, or the host's tools, are made of."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tools.commands.build import BoardName, TargetName
from tools.commands.console import fail


def sbom(
    target: Annotated[
        TargetName | None, typer.Argument(help="Board whose image is listed; none: the tools of this host.")
    ] = None,
    board: Annotated[BoardName, typer.Option(help="What is wired to it, as for 'kvo build'.")] = BoardName.parts,
    image: Annotated[
        Path | None, typer.Option(help="A folder that 'kvo build' wrote, instead of building anew.", file_okay=False)
    ] = None,
    extra: Annotated[
        list[str] | None, typer.Option(help="Of the host's tools: only this extra; may be given often.")
    ] = None,
    at: Annotated[
        datetime | None, typer.Option(help="Time to be named in it; none is named without, so that it can be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File; standard output where none is named.", dir_okay=False)] = None,
) -> None:
    """Write a software bill of materials, CycloneDX 1.6 in JSON, with each component's support and its end.

    Of an image: each file with its SHA-256, and the interpreter. Of the host: each distribution that is installed, with
    version, licence and purl. Where nobody publishes how long something is supported, it says unknown
    (tools/supply/support.yaml has the sources). The same content gives the same bytes.

    Example: kvo sbom pico-w --board parts --out pump.cdx.json; kvo sbom --out host.cdx.json
    """
    from tools.supply.problem import SupplyProblem

    try:
        said = _made(target, board, image, extra, at)
    except SupplyProblem as refused:
        fail(str(refused))
    if out is None:
        typer.echo(said, nl=False)
        return
    try:
        out.write_text(said, encoding="utf-8")
    except OSError as wrong:
        fail(f"{out}: cannot be written ({wrong.strerror}); name another file with --out")
    typer.echo(f"{out}: CycloneDX 1.6")


def _made(
    target: TargetName | None, board: BoardName, image: Path | None, extra: list[str] | None, at: datetime | None
) -> str:
    import json
    import platform
    from importlib import metadata

    from tools.supply import host
    from tools.supply.problem import SupplyProblem
    from tools.supply.sbom import device_bom, host_bom, read_manifest, written

    try:
        version = metadata.version("kvo")
    except metadata.PackageNotFoundError:
        raise SupplyProblem("kvo is not installed here, so its version is not known; pip install .") from None
    if image is None and target is None:
        return written(host_bom(host.installed(extras=extra), version, platform.python_version()), at)
    if extra:
        raise SupplyProblem("--extra is of the host's tools; an image has none")
    if image is not None:
        manifest = read_manifest(image)
        if target is not None and manifest["target"] != target.value:
            raise SupplyProblem(f"{image}: is an image of {manifest['target']}, not of {target.value}")
        return written(device_bom(manifest, version), at)
    from tools.image.image import make_image

    made = make_image(str(target and target.value), board.value)
    return written(device_bom(json.loads(made.manifest()), version), at)
