"""A folder's payload: one for one folder, taken apart in any pieces, refused with a path that is none."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.update import bundle
from tools.sign.bundle import Collected, make_bundle, read_folder
from tools.sign.problem import SignProblem

FILES = {"main.py": b"import x\n", "firmware/app.mpy": bytes(300), "firmware/trust/lms.mpy": b"", "m.json": b"{}"}
PAYLOAD = make_bundle(FILES)


def entry(path, data, digest=None):
    name = path.encode("latin-1")
    return bytes([len(name)]) + name + len(data).to_bytes(4, "big") + (digest or hashlib.sha256(data).digest()) + data


def taken(payload, size=1 << 20, sink=None):
    sink = sink or Collected()
    reader = bundle.Reader(sink)
    for place in range(0, len(payload), size):
        reader.take(payload[place : place + size])
    return reader.verdict, sink.files


@given(st.integers(1, 400))
def test_pieces_change_nothing(size):
    assert taken(PAYLOAD, size) == (bundle.COMPLETE, FILES)


@given(st.data())
def test_what_is_altered_is_not_taken_for_whole(draw):
    place = draw.draw(st.integers(0, len(PAYLOAD) - 1))
    altered = PAYLOAD[:place] + bytes([PAYLOAD[place] ^ draw.draw(st.integers(1, 255))]) + PAYLOAD[place + 1 :]
    verdict, files = taken(altered)
    assert (verdict, files) != (bundle.COMPLETE, FILES)
    assert taken(PAYLOAD[:place])[0] != bundle.COMPLETE


@given(st.binary(max_size=200))
def test_no_exception_leaves(data):
    assert taken(data)[0] in range(7) or data == b"\x00"


@pytest.mark.parametrize(
    "path",
    [
        "/main.py", "../main.py", "a/../b", "a//b", "a/", ".hidden", "a/.b", "a.", "a/b.", "A.py", "a b", "a\\b",
        "a:b", "é", "a/b/c/d/e/f", "x" * 65, "a\n", "~", "con ", "%2e",
    ],
)  # fmt: skip
def test_a_path_that_is_none_is_refused(path):
    assert not bundle.is_path(path)
    assert taken(entry(path, b"x") + b"\x00") == (bundle.BAD_PATH, {})
    with pytest.raises(SignProblem, match="rename"):
        make_bundle({path: b"x"})


@pytest.mark.parametrize(
    ("payload", "verdict"),
    [
        (b"\x00", bundle.COMPLETE),
        (b"\x00\x00", bundle.TRAILING),
        (entry("b", b"1") + entry("a", b"2") + b"\x00", bundle.BAD_ORDER),
        (entry("a", b"1") + entry("a", b"1") + b"\x00", bundle.BAD_ORDER),
        (entry("a", b"1", bytes(32)) + b"\x00", bundle.WRONG_DIGEST),
        (entry("a", b"", bytes(32)) + b"\x00", bundle.WRONG_DIGEST),
        (b"".join(entry(f"{number:04}", b"") for number in range(401)) + b"\x00", bundle.TOO_MANY),
        (entry("a", b"12")[:-1], bundle.MORE),
    ],
)
def test_its_own_code_for_each(payload, verdict):
    assert taken(payload)[0] == verdict


@pytest.mark.parametrize("which", ["begin", "data", "end"])
def test_a_sink_that_cannot_ends_it(which):
    class Full(Collected):
        """A medium that is full."""

    setattr(Full, which, lambda self, *what: False)
    assert taken(entry("a", b"x") + entry("b", b"y") + b"\x00", sink=Full())[0] == bundle.REFUSED_BY_SINK


def test_a_folder_is_read_whole_and_links_are_refused(tmp_path):
    for path, data in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    assert read_folder(tmp_path) == FILES
    (tmp_path / "link").symlink_to("main.py")
    with pytest.raises(SignProblem, match="no plain file"):
        read_folder(tmp_path)


def test_no_files_are_no_payload():
    with pytest.raises(SignProblem, match="0 files"):
        make_bundle({})
