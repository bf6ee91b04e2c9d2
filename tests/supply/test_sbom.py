"""`kvo sbom`: what it writes is CycloneDX 1.6, complete, the same each time, and silent on nothing it does not know."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.command import kvo
from tools.supply import host, support
from tools.supply.problem import SupplyProblem
from tools.supply.sbom import device_bom, host_bom, read_manifest, written


def _folder(tmp_path: Path) -> Path:
    """An image of two files."""
    files = {"main.py": b"run()\n", "firmware/app.mpy": b"M\x06\x00\x1f"}
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    listed = [
        {"length": len(data), "path": name, "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()
    ]
    manifest = {
        "board": "parts", "bytecode": 6, "files": listed, "format": "kvo-image/1", "micropython": "1.29",
        "small_int_bits": 31, "target": "pico-w",
    }  # fmt: skip
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return tmp_path


def _is_valid(text: str) -> None:
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert wrong is None, wrong


def _properties(part: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in part["properties"]}


def test_an_image_is_listed_file_by_file(tmp_path: Path) -> None:
    said = kvo("sbom", "--image", _folder(tmp_path)).stdout
    _is_valid(said)
    parts = {one["name"]: one for one in json.loads(said)["components"]}
    assert set(parts) == {"main.py", "firmware/app.mpy", "micropython"}
    assert parts["main.py"]["hashes"][0]["content"] == hashlib.sha256(b"run()\n").hexdigest()
    assert parts["micropython"]["purl"] == "pkg:github/micropython/micropython@v1.29"
    assert _properties(parts["micropython"])["kvo:support:end"] == "unknown"


def test_the_host_is_listed_with_versions_licences_and_purls() -> None:
    said = kvo("sbom").stdout
    _is_valid(said)
    bill = json.loads(said)
    parts = {one["name"]: one for one in bill["components"]}
    assert {"pydantic", "typer", "python"} <= set(parts)
    assert parts["pydantic"]["licenses"] == [{"license": {"id": "MIT"}}]
    assert parts["pydantic"]["purl"].startswith("pkg:pypi/pydantic@")
    assert {"kvo:support:level", "kvo:support:end"} <= set(_properties(parts["pydantic"]))
    assert "timestamp" not in bill["metadata"]
    needs = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    assert any(one.startswith("pydantic@") for one in needs[bill["metadata"]["component"]["bom-ref"]])


def test_the_same_content_gives_the_same_bytes_and_another_serial_for_another() -> None:
    parts = [host.Distribution("one", "1.0", "MIT", ()), host.Distribution("two", "2", "", ("one",))]
    first = written(host_bom(parts, "0.1", "3.11.7"))
    assert first == written(host_bom(reversed(parts), "0.1", "3.11.7"))
    other = written(host_bom(parts[:1], "0.1", "3.11.7"))
    assert json.loads(first)["serialNumber"] != json.loads(other)["serialNumber"]
    timed = written(host_bom(parts, "0.1", "3.11.7"), datetime(2026, 1, 2, tzinfo=UTC))
    _is_valid(timed)
    assert json.loads(timed)["serialNumber"] == json.loads(first)["serialNumber"]
    assert json.loads(timed)["metadata"]["timestamp"] == "2026-01-02T00:00:00+00:00"


@pytest.mark.parametrize(("name", "version", "end"), [
    ("python", "3.11.7", "2027-10-31"), ("python", "3.1.7", "unknown"), ("pydantic", "2.9", "unknown"),
])  # fmt: skip
def test_an_end_is_said_where_its_maker_says_one(name: str, version: str, end: str) -> None:
    assert support.support_of(name, version).end == end


def test_an_image_that_is_not_its_manifest_is_refused(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    assert device_bom(read_manifest(folder), "0.1").components
    (folder / "main.py").write_bytes(b"other\n")
    with pytest.raises(SupplyProblem, match=r"main\.py: is not what the manifest says"):
        read_manifest(folder)
    (folder / "main.py").unlink()
    with pytest.raises(SupplyProblem, match="No such file"):
        read_manifest(folder)
    (folder / "manifest.json").write_text("[]", encoding="utf-8")
    assert "kvo build" in kvo("sbom", "--image", folder).stderr


def test_an_extra_that_there_is_not_is_told() -> None:
    assert "it has" in kvo("sbom", "--extra", "sitee").stderr
    assert {one.name for one in host.installed(extras=["device"])} >= {"kvo", "pyserial", "typer"}
    with pytest.raises(SupplyProblem, match="not installed"):
        host.installed("no-such-distribution")
