"""A signing key uses no leaf twice, whatever is cut, copied or put back; and says what it refuses."""

import shutil
from pathlib import Path

import pytest

from firmware.trust import lms
from firmware.trust.mac import MacKey
from firmware.update import proofs, verdict
from tests.command import kvo
from tools.sign import keys
from tools.sign.envelope import countersigned
from tools.sign.keys import SigningKey, make_key
from tools.sign.problem import SignProblem
from tools.sign.words import describe, verdict_name
from tools.update_cases import malicious
from tools.update_cases.pump import CLASS, FACILITY, VENDOR, Slots, device, good_envelope, update

IDS = ["--vendor", VENDOR.hex(), "--class", CLASS.hex()]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A key and its witness, made once: a tree takes a moment."""
    root = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KVO_SIGN_WITNESS", str(root / "witness"))
        make_key(root / "key", 5)
    return root


@pytest.fixture
def signer(made, tmp_path, monkeypatch):
    """The same key, unused, moved to a place of this test's own: it takes the copy for the original."""
    monkeypatch.setenv("KVO_SIGN_WITNESS", str(tmp_path / "witness"))
    shutil.copytree(made / "key", tmp_path / "key")
    shutil.copytree(made / "witness", tmp_path / "witness")
    key = SigningKey(tmp_path / "key")
    key._reserve(-1)
    return key


def leaf(signature):
    return int.from_bytes(signature[4:8], "big")


def test_it_signs_by_one_leaf_after_another_and_a_pump_verifies(signer):
    for number in range(3):
        signature = signer.sign(b"message")
        assert leaf(signature) == number
        assert lms.verify(signer.public(), b"message", signature) == lms.VERIFIED
    assert (signer.used(), signer.capacity()) == (3, 32)
    assert [line.split()[0] for line in (signer.folder / "log").read_text().splitlines()] == ["0", "1", "2"]


def test_only_its_owner_reads_it(signer):
    signer.sign(b"")
    assert {path.stat().st_mode & 0o077 for path in (signer.folder / "private", signer.folder / "state")} == {0}


class Cut(BaseException):
    """The power, at this moment."""


@pytest.mark.parametrize("at", range(8))
def test_a_power_cut_between_any_two_writes_wastes_a_leaf_at_most(signer, monkeypatch, at):
    given = [leaf(signer.sign(b"before"))]
    left = [at]

    def cutting(what):
        def write(*arguments):
            for _ in range(2):  # before and after
                left[0] -= 1
                if left[0] < 0:
                    raise Cut
                if _ == 0:
                    what(*arguments)

        return write

    with monkeypatch.context() as patch:
        patch.setattr(keys, "_write", cutting(keys._write))
        patch.setattr(keys, "append_private", cutting(keys.append_private))
        try:
            given.append(leaf(signer.sign(b"cut")))
        except Cut:
            assert at < 6
    given += [leaf(SigningKey(signer.folder).sign(b"after")) for _ in range(2)]
    assert len(set(given)) == len(given)
    assert max(given) <= 4


def test_a_full_disk_gives_out_nothing(signer, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(keys, "write_private", full)
        with pytest.raises(OSError, match="No space"):
            signer.sign(b"")
    assert leaf(signer.sign(b"")) == 0


def test_a_copy_is_refused(signer, tmp_path):
    shutil.copytree(signer.folder, tmp_path / "copy")
    with pytest.raises(SignProblem, match="copy of a signing key"):
        SigningKey(tmp_path / "copy").sign(b"")
    signer.folder.rename(tmp_path / "moved")
    assert leaf(SigningKey(tmp_path / "moved").sign(b"")) == 0


def test_another_machine_is_refused(signer, monkeypatch):
    monkeypatch.setattr(keys, "machine", lambda: "another")
    with pytest.raises(SignProblem, match="copy of a signing key"):
        signer.sign(b"")


def test_a_state_that_was_put_back_is_refused(signer):
    before = (signer.folder / "state").read_bytes()
    signer.sign(b"")
    (signer.folder / "state").write_bytes(before)
    with pytest.raises(SignProblem, match="was put back"):
        signer.sign(b"")


@pytest.mark.parametrize("text", [None, "", "x", "[]", "{}", '{"next": -1}'])
def test_a_damaged_state_or_witness_is_refused(signer, text, tmp_path):
    for path in (signer.folder / "state", tmp_path / "witness" / signer.identifier()):
        kept = path.read_bytes()
        path.unlink() if text is None else path.write_text(text)
        with pytest.raises(SignProblem, match="missing or damaged"):
            signer.sign(b"")
        path.write_bytes(kept)


def test_two_at_once_are_one_after_the_other(signer):
    with signer._alone(), pytest.raises(SignProblem, match="another 'kvo sign'"):
        SigningKey(signer.folder).sign(b"")


def test_the_last_signatures_are_told_of_and_then_there_is_none(signer):
    signer._reserve(22)
    assert signer.warning() == ""
    signer._reserve(23)
    assert "8 of 32 signatures are left" in signer.warning()
    signer._reserve(30)
    assert leaf(signer.sign(b"")) == 31
    with pytest.raises(SignProblem, match="all 32 signatures are spent"):
        signer.sign(b"")


def test_a_damaged_private_key_gives_out_nothing(signer):
    path = signer.folder / "private"
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    with pytest.raises(SignProblem, match="does not verify"):
        signer.sign(b"")
    assert signer.used() == 1


def test_no_key_and_a_folder_that_is_there(tmp_path):
    with pytest.raises(SignProblem, match="kvo sign key"):
        SigningKey(tmp_path).sign(b"")
    (tmp_path / "x").write_text("")
    with pytest.raises(SignProblem, match="is there already"):
        make_key(tmp_path)
    with pytest.raises(SignProblem, match="choose one of"):
        make_key(tmp_path / "new", 7)


# The commands.


def test_a_folder_is_signed_countersigned_told_and_taken(signer, tmp_path):
    image = tmp_path / "image"
    (image / "firmware").mkdir(parents=True)
    (image / "main.py").write_text("run()\n")
    (image / "firmware" / "app.mpy").write_bytes(bytes(9000))
    envelope, payload, ours = (tmp_path / name for name in ("7.suit", "7.bin", "ours.suit"))
    done = kvo("sign", "update", signer.folder, image, "--number", "7", *IDS, "--uri", "up/7", "--out", envelope,
               "--payload-out", payload, "--text", "A better guardian.")  # fmt: skip
    assert (done.exit_code, done.stderr) == (0, "")
    (tmp_path / "facility.key").write_bytes(FACILITY)
    done = kvo("sign", "countersign", envelope, "--facility-key", tmp_path / "facility.key", "--out", ours)
    assert done.exit_code == 0, done.stderr
    done = kvo("update", "inspect", ours, "--key", signer.folder / "public")
    assert done.exit_code == 0
    assert "by leaf 0: holds" in done.stdout
    assert "sequence number 7" in done.stdout
    target = Slots(served={"up/7": payload.read_bytes()})
    demands = [proofs.Signature(signer.public()), proofs.Mac(MacKey(FACILITY))]
    assert update(ours.read_bytes(), target, device(6), demands).verdict == verdict.DONE
    assert kvo("sign", "status", signer.folder).stdout.endswith("1 of 32 signatures spent\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--number", "7", "--vendor", "x", "--class", "x"], "is no UUID"),
        (["--number", "7", *IDS, "--component", "x" * 17], "--component 1 to 16"),
        (["--number", "7", *IDS, "--text", "x" * 5000], "nothing was signed"),
        (["--number", "7", *IDS, "--uri", "u" * 129], "--uri takes 128"),
    ],
)
def test_what_cannot_be_is_refused_before_a_leaf_is_spent(signer, tmp_path, arguments, says):
    (tmp_path / "payload").write_bytes(b"x")
    done = kvo("sign", "update", signer.folder, tmp_path / "payload", *arguments, "--out", tmp_path / "out")
    assert (done.exit_code, says in done.stderr) == (2, True), done.stderr
    assert signer.used() == 0
    assert not Path(tmp_path / "out").exists()


def test_a_large_payload_wants_a_place_to_be_fetched_from(signer, tmp_path):
    (tmp_path / "payload").write_bytes(bytes(8193))
    done = kvo("sign", "update", signer.folder, tmp_path / "payload", "--number", "7", *IDS, "--out", tmp_path / "out")
    assert (done.exit_code, "--uri" in done.stderr) == (2, True)


def test_what_is_no_envelope_is_told(tmp_path):
    (tmp_path / "x").write_bytes(b"not one")
    done = kvo("update", "inspect", tmp_path / "x")
    assert (done.exit_code, "malformed" in done.stderr) == (2, True)
    with pytest.raises(SignProblem):
        countersigned(b"not one", FACILITY)
    with pytest.raises(SignProblem):
        countersigned(good_envelope(), FACILITY)


def test_every_malicious_manifest_is_told_without_a_fault():
    table = {**malicious.envelopes(), **malicious.manifests(), **malicious.carried_out()}
    for expected, data, *_ in table.values():
        try:
            good, lines = describe(data)
        except SignProblem as problem:
            assert verdict_name(expected) in str(problem)
            continue
        assert all(line.isprintable() for line in lines)
        own = (verdict.MEMBER_MISSING, verdict.ROLLBACK, verdict.SAME_NUMBER, verdict.UNKNOWN_COMPONENT,
               verdict.COMPONENTS)  # fmt: skip
        if verdict.MANIFEST_TOO_LONG <= expected <= verdict.PAYLOAD_UNUSED and expected not in own:
            assert (good, verdict_name(expected) in lines[-1]) == (False, True)
