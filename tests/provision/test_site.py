"""Making a site, adding to it, rotating, revoking, wiping: nothing the same twice, nothing half done, nothing open."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from firmware.trust.cbor import decode
from firmware.trust.credentials import Record
from firmware.trust.mac import pbkdf2
from simulator.asked import AskedPump, board_of
from simulator.devices.cards import Reader, SignCard
from simulator.site import cards, change, files, make
from simulator.site.certificates import read_certificate
from simulator.site.files import Site, SiteError, wipe_file, write_private, writing
from simulator.site.keystore import unseal
from simulator.site.make import add_to_site, make_site
from simulator.site.people import parse_operator, read_people
from tools.cli import app


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    people = [parse_operator("ada:nurse", 1), parse_operator("bo:pharmacist", 2)]
    return make_site(tmp_path_factory.mktemp("made") / "ward", 3, people).folder


@pytest.fixture
def site(made: Path, tmp_path: Path) -> Site:
    shutil.copytree(made, tmp_path / "ward")
    return Site(tmp_path / "ward")


def kvo(*arguments: Any) -> Any:
    return CliRunner().invoke(app, ["provision", *map(str, arguments)])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_only_the_owner_gets_in(site: Site) -> None:
    modes = {path.stat().st_mode & 0o777 for path in site.folder.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (site.folder, *site.folder.rglob("*")) if path.is_dir()} == {0o700}


def test_nothing_is_the_same_on_two_pumps(site: Site) -> None:
    """But the authority, the site's name, the people's numbers and roles, and when it was made."""
    pumps = [site.pump(name) for name in site.pumps()]
    for name in ("client.key", "client.crt", "client.key.der", "client.crt.der", "record.cbor", "audit.key"):
        assert len({(pump / name).read_bytes() for pump in pumps}) == 3
    records = [decode((pump / "record.cbor").read_bytes()) for pump in pumps]
    assert len({record[2] for record in records}) == len({record[3] for record in records}) == 3
    secrets = [row[place] for record in records for row in record[6] for place in (2, 3)]
    assert len(set(secrets)) == len(secrets) == 12
    assert [read_certificate(pump / "client.crt").subject.rfc4514_string() for pump in pumps] == [
        f"CN={name}" for name in site.pumps()
    ]


def test_a_record_knows_the_people_by_pin(site: Site) -> None:
    keys = unseal(site.keystore, site.passphrase.read_text().strip())
    record = decode((site.pump(site.pumps()[0]) / "record.cbor").read_bytes())
    assert [(row[0], row[1]) for row in record[6]] == [(1, 1), (2, 3)]
    for number, _, salt, verifier, iterations, _ in record[6]:
        assert pbkdf2(keys.operators[number].pin.encode(), salt, iterations) == verifier


def test_two_sites_share_nothing_secret(tmp_path: Path) -> None:
    one, other = (contents(make_site(tmp_path / name / "ward", 1).folder) for name in ("a", "b"))
    same = {path for path in one if path in other and one[path] == other[path] and one[path]}
    assert same <= {"site.yaml", "operators.yaml", "broker/acl"}


def test_it_writes_over_nothing(site: Site) -> None:
    before = contents(site.folder)
    with pytest.raises(SiteError, match="not written over"):
        make_site(site.folder)
    assert contents(site.folder) == before


@pytest.mark.parametrize("at", (0, 4, 9, 15, 22, 28))
def test_a_full_disk_leaves_nothing_behind(at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [at]

    def full(path: Path, data: bytes | str) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device", str(path))
        write_private(path, data)

    for module in (make, cards, files, make.certificates):
        if hasattr(module, "write_private"):
            monkeypatch.setattr(module, "write_private", full)
    try:
        make_site(tmp_path / "ward", 2)
    except OSError:
        assert list(tmp_path.iterdir()) == []


def test_adding_leaves_what_is_there(site: Site) -> None:
    before = contents(site.folder)
    pumps, people = add_to_site(site.folder, 1, ["cy:physician"], ["terminal-2", "terminal-1"])
    after = contents(site.folder)
    changed = {path for path in before if after[path] != before[path]}
    # The configuration names files by their place, and this site is a copy.
    assert changed <= {"operators.yaml", "keystore/pumps.sealed", "broker/acl", "broker/mosquitto.conf"}
    assert [one.number for one in people] == [3]
    assert len(site.pumps()) == 4
    assert "user terminal-2" in site.acl.read_text()
    record = decode((site.pump(pumps[0]) / "record.cbor").read_bytes())
    assert [row[0] for row in record[6]] == [1, 2, 3]


def test_two_at_once_are_not_let_in(site: Site) -> None:
    with writing(site):
        said = []

        def tries() -> None:
            try:
                change.rotate(site.folder, "ada")
            except SiteError as refused:
                said.append(str(refused))

        thread = threading.Thread(target=tries)
        thread.start()
        thread.join()
    assert "another 'kvo provision' is at work" in said[0]


def test_rotating_a_pump_changes_all_of_its_secrets(site: Site) -> None:
    name = site.pumps()[0]
    folder = site.pump(name)
    before, record = contents(folder), decode((folder / "record.cbor").read_bytes())
    change.rotate(site.folder, name)
    after = decode((folder / "record.cbor").read_bytes())
    same = {path for path, data in before.items() if contents(folder)[path] == data}
    assert same == {"ca.crt.der"}
    # The audit is begun anew; that of before is verified by its own key, which the key service keeps.
    entry = unseal(site.keystore, site.passphrase.read_text(encoding="utf-8").strip()).pumps[name]
    assert (entry.older, entry.audit) == ([before["audit.key"]], contents(folder)["audit.key"])
    assert (after[2], after[4]) == (record[2], record[4] + 1)
    assert after[3] != record[3]


@pytest.mark.parametrize("what", ["gateway", "ada", "broker", "recovery"])
def test_rotating_leaves_no_old_secret_in_use(site: Site, what: str) -> None:
    places = {
        "gateway": site.client("gateway"), "ada": site.card(1), "broker": site.broker, "recovery": site.recovery(1),
    }  # fmt: skip
    before = contents(places[what])
    change.rotate(site.folder, what)
    after = contents(places[what])
    assert all(after[path] != before[path] for path in before if path.endswith(".key"))


def test_a_revoked_person_is_in_the_next_records(site: Site) -> None:
    name = site.pumps()[0]
    change.revoke(site.folder, "ada")
    change.renew_record(site.folder, name)
    record = decode((site.pump(name) / "record.cbor").read_bytes())
    assert record[5] == [1]
    assert [row[0] for row in record[6]] == [2]
    assert [one.revoked for one in read_people(site)] == [True, False]
    with pytest.raises(SiteError, match="revoked"):
        change.rotate(site.folder, "ada")


def test_cards_sign_and_are_told_apart(site: Site) -> None:
    signature = cards.sign_with_card(site, 1, b"dose")
    assert cards.card_signed(site, 1, b"dose", signature)
    assert not cards.card_signed(site, 1, b"Dose", signature)
    assert not cards.card_signed(site, 2, b"dose", signature)


def test_a_pump_takes_the_record_of_a_site_and_lets_its_cards_in(site: Site) -> None:
    name = site.pumps()[0]
    taken: Any = Record()
    assert taken.decode((site.pump(name) / "record.cbor").read_bytes())
    board: Any = board_of(taken)
    board.identity = Reader(board.clock)
    pump = AskedPump(taken, board=board, site_s=0)

    def lay(card: SignCard | None) -> int:
        board.identity.lay(card)
        pump.run(7_000)
        return int(pump.status.operator)

    assert lay(cards.read_card(site, 1)) == 1
    assert lay(cards.read_card(site, 2)) == 2
    before = cards.read_card(site, 1)
    change.rotate(site.folder, "ada")
    assert lay(cards.read_card(site, 1)) == 0  # not before the pump has its new record
    assert lay(before) == 1


def test_each_record_has_the_cards_of_today(site: Site) -> None:
    name = site.pumps()[0]
    before = decode((site.pump(name) / "record.cbor").read_bytes())
    assert [row[5] for row in before[6]] == [cards.public_key(site, 1), cards.public_key(site, 2)]
    change.rotate(site.folder, "ada")
    after = decode((site.pump(name) / "record.cbor").read_bytes())
    assert after[6][0][5] == cards.public_key(site, 1) != before[6][0][5]
    assert after[6][1][5] == before[6][1][5]
    (site.verifying() / "card-2.pub").unlink()
    change.renew_record(site.folder, name)
    assert decode((site.pump(name) / "record.cbor").read_bytes())[6][1][5] == b""


@pytest.mark.parametrize("public", [b"", b"\x02" + b"\xff" * 32, bytes(32), b"\x04" + bytes(64)])
def test_a_card_of_another_kind_is_refused(site: Site, public: bytes) -> None:
    (site.verifying() / "card-1.pub").write_bytes(public)
    with pytest.raises(SiteError, match=r"card-1\.pub: is no point of P-256 .* rotate"):
        change.renew_record(site.folder, site.pumps()[0])


def test_a_card_that_is_not_here_or_cannot_be_read_is_refused(site: Site) -> None:
    (site.card(1) / "card.key").write_bytes(bytes(31))
    with pytest.raises(SiteError, match="cannot be read"):
        cards.read_card(site, 1)
    (site.card(1) / "card.key").unlink()
    with pytest.raises(SiteError, match="is not here"):
        cards.sign_with_card(site, 1, b"x")
    assert not cards.card_signed(site, 1, b"x", b"short")


def test_recovery_cards_sign_and_each_for_itself_alone(site: Site) -> None:
    first, second = cards.recovery_keys(site)
    signature = cards.read_recovery_card(site.recovery(1), 1).sign(b"new keys")[4:]
    assert cards.signed_by(first, b"new keys", signature)
    assert not cards.signed_by(second, b"new keys", signature)
    assert not cards.signed_by(first, b"old keys", signature)
    with pytest.raises(SiteError, match="is not here"):
        cards.read_recovery_card(site.folder, 1)
    (site.verifying() / "recovery-card-2.pub").write_bytes(b"of another kind")
    with pytest.raises(SiteError, match="rotate"):
        cards.recovery_keys(site)


def test_wiping_overwrites_before_it_removes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"secret" * 100)
    twin = tmp_path / "twin"
    os.link(path, twin)  # the same blocks, seen after the name is gone
    wipe_file(path)
    assert not path.exists()
    assert len(twin.read_bytes()) == 600
    assert b"secret" not in twin.read_bytes()


def test_wiping_a_site_follows_no_link_out_of_it(site: Site, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (site.folder / "link").symlink_to(outside)
    (site.folder / "file").symlink_to(outside / "kept")
    change.wipe(site.folder, "site")
    assert not site.folder.exists()
    assert (outside / "kept").read_text() == "kept"


BAD = {
    "no role": (("--operator", "ada"), "NAME:ROLE"),
    "unknown role": (("--operator", "ada:surgeon"), "there is no role 'surgeon'"),
    "same name": (("--operator", "a:nurse", "--operator", "a:nurse"), "two operators are named 'a'"),
    "a client's name with a wildcard": (("--client", "#"), "can be no client's name"),
    "a client's name with a path": (("--client", "../x"), "can be no client's name"),
    "too many pumps": (("--pumps", "501"), "a site has 0 to 500"),
    "too few pumps": (("--pumps", "-1"), "a site has 0 to 500"),
    "port": (("--port", "70000"), "not possible"),
    "too many people": (
        tuple(part for n in range(25) for part in ("--operator", f"p{n}:nurse")), "a pump knows 24 people",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_a_line_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    arguments, words = BAD[name]
    done = kvo("make", tmp_path / "ward", "--pumps", "1", *arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_people_from_a_file(tmp_path: Path) -> None:
    people = tmp_path / "people.yaml"
    people.write_text("operators:\n  - {name: ada, role: nurse}\n  - {name: bo, role: biomed}\n")
    assert kvo("make", tmp_path / "ward", "--operators", people, "--pumps", 0).exit_code == 0
    assert [one.name for one in read_people(Site(tmp_path / "ward"))] == ["ada", "bo"]
    people.write_text("operators: {ada: nurse}\n")
    done = kvo("make", tmp_path / "other", "--operators", people)
    assert (done.exit_code, "needs a list" in done.stderr) == (2, True)


def test_the_short_form_makes_a_site_and_a_slip_does_not(tmp_path: Path) -> None:
    assert kvo(tmp_path / "ward", "--pumps", 0).exit_code == 0
    done = kvo("rotat")
    assert (done.exit_code, "did you mean rotate?" in done.stderr) == (2, True)
    done = kvo("rotate", tmp_path, "x")
    assert (done.exit_code, "no site is here" in done.stderr) == (2, True)


def test_check_ends_with_1_where_it_finds_something(site: Site) -> None:
    done = kvo("check", site.folder)
    assert (done.exit_code, "secret-beside-its-lock" in done.stdout) == (1, True)
    site.passphrase.unlink()
    done = kvo("check", site.folder)
    assert (done.exit_code, "nothing found" in done.stdout) == (0, True)
    assert kvo("check", site.folder / "nowhere").exit_code == 2
