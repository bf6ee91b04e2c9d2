"""A site's root record: made with its keys, followed by the next; libraries signed by its pharmacists."""

import shutil
from pathlib import Path

import pytest

from firmware.update import refusal, rotation
from firmware.update.roots import key_id
from simulator.site.files import SiteError
from simulator.site.make import make_site
from simulator.site.people import parse_operator
from tests.command import kvo
from tools.provision.first import first_parcel
from tools.provision.scan import Scan
from tools.sign.parcel import unpack
from tools.sign.roots import read_roots

ADA, BO, CY = 1, 2, 3


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    people = [parse_operator(f"{name}:{role}", number) for number, (name, role) in enumerate(
        (("ada", "nurse"), ("bo", "pharmacist"), ("cy", "pharmacist")), 1)]  # fmt: skip
    make_site(folder / "ward", 1, people)
    return folder


@pytest.fixture
def site(made, tmp_path, monkeypatch):
    monkeypatch.setenv("KVO_SIGN_WITNESS", str(tmp_path / "witness"))
    shutil.copytree(made / "ward", tmp_path / "ward")
    return tmp_path / "ward"


def say(*words: object, code: int = 0) -> str:
    done = kvo(*map(str, words))
    assert done.exit_code == code, done.stderr
    return done.stdout + done.stderr


def test_a_record_two_signatures_and_the_first_parcel(site: Path) -> None:
    with pytest.raises(SiteError, match="wants a root record"):
        first_parcel(site, site / "site.yaml")
    assert first_parcel(site, None) is None
    assert "root record 1, 1 keys of the manufacturer, 2 pharmacists" in say(
        "provision", "roots", site, "--height", 5)  # fmt: skip
    roots = site / "roots" / "root.cbor"
    one, two = site / "one.library", site / "two.library"
    for folder, source, out in ((BO, "ward", one), (CY, one, two)):
        say("sign", "library", site / "roots" / f"pharmacist-{folder}", source, "--roots", roots, "--out", out)
    assert "signed already" in say(
        "sign", "library", site / "roots" / "pharmacist-2", one, "--roots", roots, "--out", two, code=2)  # fmt: skip
    parcel = first_parcel(site, two)
    assert (parcel.number, parcel.roots, parcel.envelope) == (1, roots.read_bytes(), unpack(two.read_bytes()).envelope)
    with pytest.raises(SiteError, match="no parcel"):
        first_parcel(site, roots)
    scan = Scan(())
    scan.look(roots)
    assert scan.findings() == []


def test_a_key_that_is_revoked_is_replaced_and_the_next_record_follows(site: Path) -> None:
    say("provision", "roots", site, "--height", 5)
    path = site / "roots" / "root.cbor"
    before = read_roots(path.read_bytes())
    key = (site / "roots" / "pharmacist-2" / "public").read_bytes()
    assert "confirm number 2" in say("provision", "roots", site, "--revoke", key_id(key).hex(), "--height", 5)
    after = read_roots(path.read_bytes())
    assert (after.revoked, after.pharmacist(key_id(key))) == ([key_id(key)], 0)
    assert [number for number, _ in after.pharmacists] == [BO, CY]
    signed = unpack((site / "roots" / "root-2.parcel").read_bytes()).roots
    code, read = rotation.read_next(signed, before)
    assert (code, read.encode()) == (refusal.IN_FORCE, after.encode())
    assert "no key's id" in say("provision", "roots", site, "--revoke", "zz", code=2)


def test_a_counter_signature_for_each_pump(site: Path) -> None:
    say("provision", "roots", site, "--height", 5)
    image = site / "image"
    image.write_bytes(b"an image")
    say("sign", "update", site / "roots" / "maker-key", image, "--number", 1, "--vendor",
        "fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe", "--class", "fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe", "--out",
        site / "1.suit")  # fmt: skip
    assert "for 1 pumps" in say("sign", "countersign", site / "1.suit", "--site", site, "--out", site / "ours")
    assert [one.suffix for one in (site / "ours").iterdir()] == [".suit"]
    assert "name --site" in say("sign", "countersign", site / "1.suit", "--out", site / "ours", code=2)
