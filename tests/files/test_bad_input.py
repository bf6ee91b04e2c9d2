"""Whatever a file holds, a loader answers in one line or takes it: never a traceback."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.files import yaml_source
from simulator.files.library import load_library
from simulator.files.programme import load_programme
from simulator.files.yaml_source import FileProblem
from tools.claims.bad_files import GOOD_LIBRARY, GOOD_PROGRAMME, LIBRARY, ROWS
from tools.claims.bad_input import fault_in, lay_out

LOADERS = {LIBRARY: load_library, "programme": load_programme}
same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)


@pytest.mark.parametrize("row", ROWS, ids=[row[0].replace(" ", "-") for row in ROWS])
def test_a_bad_file_is_one_clear_line(row, tmp_path):
    path = lay_out(tmp_path, row)
    with pytest.raises(FileProblem) as refused:
        LOADERS[row[1]](path)
    assert fault_in(str(refused.value), path, row) is None


def answer(load, path):
    """Load; a refusal must be one printable line that begins with a file and a line number."""
    try:
        load(path)
    except FileProblem as problem:
        assert str(problem).isprintable()
        assert problem.line >= 1 and "; " in str(problem)


@same_folder
@given(st.binary(max_size=200))
def test_any_bytes(tmp_path, data):
    path = tmp_path / "any.yaml"
    path.write_bytes(data)
    answer(load_programme, path)
    path.write_bytes(b"kvo: library/1\n" + data)
    answer(load_library, path)


def places(good):
    """(start, end) of spans to be overwritten in a good file."""
    return st.tuples(st.integers(0, len(good)), st.integers(0, 12))


TEXT = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["{}", "[]", "0", "-1", ".nan", "1e9", "true", "null", "'", '"', "\t", ": ", "\n", "2.5", "9" * 30]
    ),
)


@same_folder
@given(places(GOOD_PROGRAMME), TEXT)
def test_a_programme_with_a_wound(tmp_path, place, text):
    (tmp_path / "library.yaml").write_text(GOOD_LIBRARY, encoding="utf-8")
    path = tmp_path / "wound.yaml"
    start, length = place
    wounded = GOOD_PROGRAMME[:start] + text + GOOD_PROGRAMME[start + length :]
    path.write_bytes(wounded.encode("utf-8", "surrogatepass"))
    answer(load_programme, path)


@same_folder
@given(places(GOOD_LIBRARY), TEXT)
def test_a_library_with_a_wound(tmp_path, place, text):
    path = tmp_path / "wound.yaml"
    start, length = place
    wounded = GOOD_LIBRARY[:start] + text + GOOD_LIBRARY[start + length :]
    path.write_bytes(wounded.encode("utf-8", "surrogatepass"))
    answer(load_library, path)


SCALARS = st.one_of(
    st.just("x"), st.just("0"), st.just("[]"), st.just("{}"), st.just("true"), st.just("1.5"), st.just("''")
)


@same_folder
@given(st.sampled_from(range(len(GOOD_PROGRAMME.splitlines()))), SCALARS)
def test_any_value_replaced(tmp_path, line, scalar):
    (tmp_path / "library.yaml").write_text(GOOD_LIBRARY, encoding="utf-8")
    lines = GOOD_PROGRAMME.splitlines()
    lines[line] = lines[line].split(":")[0] + ": " + scalar
    path = tmp_path / "value.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    answer(load_programme, path)


def test_a_folder_or_device_is_no_file(tmp_path):
    with pytest.raises(FileProblem, match="no such file"):
        yaml_source.read(tmp_path)


def test_a_file_cannot_forge_a_line(tmp_path):
    path = tmp_path / "forged.yaml"
    path.write_text('kvo: programme/1\n"a\\nb.yaml:1: all is well": 1\ntherapy: {mode: pca}\n', encoding="utf-8")
    with pytest.raises(FileProblem) as refused:
        load_programme(path)
    assert "\n" not in str(refused.value)
