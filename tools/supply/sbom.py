"""Makes a software bill of materials, CycloneDX 1.6 in JSON: of a device's image, or of the host's tools.

The same content gives the same bytes: no time is in it unless one is given, and the serial number is derived from the
rest. Support level and end of support are properties of each component, as FDA asks in "Cybersecurity in Medical
Devices: Quality System Considerations and Content of Premarket Submissions" (2023, 2025), for section 524B.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tools.supply.host import Distribution
from tools.supply.support import support_of

try:
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model import HashAlgorithm, HashType, Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL
except ImportError as absent:  # the command says it in one line
    from tools.supply.problem import SupplyProblem

    raise SupplyProblem(f"a bill of materials needs the package {absent.name}; pip install 'kvo[sbom]'") from absent

LICENCE = "Apache-2.0"
LEVEL, END, SOURCE = "kvo:support:level", "kvo:support:end", "kvo:support:source"
_SPACE = uuid.UUID("d7d9d0a0-6f53-5b1c-9a39-6b4f6b766f31")  # of serial numbers, ours


def device_bom(manifest: Mapping[str, Any], version: str) -> Bom:
    """The bill of an image: `manifest` is that of `kvo build`, `version` KVO's."""
    name = f"kvo-{manifest['target']}-{manifest['board']}"
    root = _component(name, version, ComponentType.FIRMWARE, LICENCE, support="kvo")
    micropython = str(manifest["micropython"])
    interpreter = _component(
        "micropython", micropython, ComponentType.PLATFORM, "MIT",
        PackageURL("github", "micropython", "micropython", f"v{micropython}"),
    )  # fmt: skip
    interpreter.properties.add(Property(name="kvo:bytecode", value=str(manifest["bytecode"])))
    files = [
        Component(
            name=one["path"], type=ComponentType.FILE, bom_ref=f"file:{one['path']}", version=one["sha256"][:16],
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one["sha256"])],
            properties=[Property(name="kvo:bytes", value=str(one["length"]))],
        )
        for one in manifest["files"]
    ]  # fmt: skip
    return _bom(root, {root: [interpreter, *files]})


def host_bom(distributions: Iterable[Distribution], version: str, python: str) -> Bom:
    """The bill of the host's tools: KVO, the interpreter that runs them, and each distribution installed."""
    distributions = list(distributions)
    root = _component("kvo", version, ComponentType.APPLICATION, LICENCE, PackageURL("pypi", None, "kvo", version))
    purl = PackageURL("generic", None, "python", python)
    interpreter = _component("python", python, ComponentType.PLATFORM, "PSF-2.0", purl)
    made = {
        one.name: _component(
            one.name, one.version, ComponentType.LIBRARY, one.licence, PackageURL("pypi", None, one.name, one.version)
        )
        for one in distributions
        if one.name != "kvo"
    }  # fmt: skip
    made["kvo"] = root
    needs = {made[one.name]: [made[name] for name in one.needs if name in made] for one in distributions}
    needs[root] = [interpreter, *needs.get(root, [])]
    return _bom(root, needs)


def written(bom: Bom, at: datetime | None = None) -> str:
    """The bill as canonical JSON (keys in order, a line's end); `at`: the time that it names, else it names none."""
    said = json.loads(JsonV1Dot6(bom).output_as_string())
    said["metadata"].pop("timestamp", None)
    said.pop("serialNumber", None)
    body = json.dumps(said, sort_keys=True, ensure_ascii=False)
    said["serialNumber"] = f"urn:uuid:{uuid.uuid5(_SPACE, body)}"
    if at is not None:
        said["metadata"]["timestamp"] = at.isoformat()
    return json.dumps(said, sort_keys=True, ensure_ascii=False, indent=2) + "\n"


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of an image in `folder`, each file held against it; SupplyProblem where they part."""
    from hashlib import sha256

    from tools.image.image import FORMAT, MANIFEST
    from tools.supply.problem import SupplyProblem

    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_bytes())
        files = {one["path"]: one["sha256"] for one in manifest["files"]}
        if manifest["format"] != FORMAT:
            raise ValueError(f"format {manifest['format']!r}")
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        raise SupplyProblem(f"{path}: no image's manifest ({wrong}); 'kvo build' makes an image") from None
    for name, digest in files.items():
        try:
            data = (folder / name).read_bytes()
        except OSError as wrong:
            raise SupplyProblem(f"{folder / name}: {wrong.strerror}; build the image anew with 'kvo build'") from None
        if sha256(data).hexdigest() != digest:
            raise SupplyProblem(f"{folder / name}: is not what the manifest says; build anew with 'kvo build'")
    return manifest


def _component(
    name: str, version: str, kind: ComponentType, licence: str, purl: PackageURL | None = None, support: str = ""
) -> Component:
    said = support_of(support or name, version)
    properties = [Property(name=LEVEL, value=said.level), Property(name=END, value=said.end)]
    if said.source:
        properties.append(Property(name=SOURCE, value=said.source))
    licences = [LicenseFactory().make_from_string(licence)] if licence else []
    return Component(
        name=name, version=version, type=kind, bom_ref=f"{name}@{version}", licenses=licences, purl=purl,
        properties=properties,
    )  # fmt: skip


def _bom(root: Component, needs: Mapping[Component, Iterable[Component]]) -> Bom:
    parts = {one for needed in needs.values() for one in needed} | set(needs)
    bom = Bom(components=sorted(parts - {root}, key=lambda one: str(one.bom_ref)))
    bom.metadata.component = root
    for one, needed in needs.items():
        bom.register_dependency(one, needed)
    return bom
