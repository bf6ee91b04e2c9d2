"""The bench's page, drawing and Wokwi diagram say what hal/pico/pins.py says."""

import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from hal.pico import pins
from tools import bench_drawing
from tools.bench_parts import CONNECTOR, LEFT, RIGHT, physical, terminals

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "bench.md").read_text(encoding="utf-8")
# Names in pins.py that are no GPIO.
NOT_GPIO = ("SWITCH_", "_ADDRESS")
# Wokwi's parts that the diagram uses, with their ends (docs.wokwi.com).
WOKWI = {
    "board-ssd1306": "GND VCC SCL SDA", "wokwi-ds1307": "GND 5V SDA SCL SQW",
    "board-mfrc522": "3.3V RST GND IRQ MISO MOSI SCK SDA",
    "wokwi-a4988": "ENABLE MS1 MS2 MS3 RESET SLEEP STEP DIR GND VDD 1B 1A 2A 2B VMOT",
    "wokwi-stepper-motor": "A- A+ B+ B-", "wokwi-ky-040": "CLK DT SW VCC GND", "wokwi-potentiometer": "GND SIG VCC",
    "wokwi-slide-potentiometer": "GND SIG VCC", "wokwi-slide-switch": "1 2 3", "wokwi-gate-and-2": "A B OUT",
    "wokwi-relay-module": "VCC GND IN NC COM NO", "wokwi-buzzer": "1 2", "wokwi-led": "A C", "wokwi-resistor": "1 2",
    "board-pi-pico-w": " ".join(["3V3", "VBUS", "GND.1", *(f"GP{n}" for n in CONNECTOR if isinstance(n, int))]),
}  # fmt: skip


def gpios():
    """{name: number} of pins.py."""
    return {
        name: number
        for name, number in vars(pins).items()
        if name.isupper() and not any(part in name for part in NOT_GPIO)
    }


def test_files_are_current():
    assert bench_drawing.stale(DOCS) == [], "run `python -m tools.bench_drawing` and commit what it writes"


def test_another_pin_makes_all_three_stale(tmp_path, monkeypatch):
    shutil.copytree(DOCS / "bench", tmp_path / "bench")
    shutil.copy(DOCS / "bench.md", tmp_path)
    assert bench_drawing.stale(tmp_path) == []
    monkeypatch.setattr(pins, "STOP", 22)
    assert {path.name for path in bench_drawing.stale(tmp_path)} == {"bench.md", "wiring.svg", "diagram.json"}


def test_every_pin_is_wired_once_and_no_pin_twice():
    wired = [terminal.pin for _, terminal in terminals()]
    assert sorted(wired) == sorted(gpios())
    numbers = list(gpios().values())
    assert len(set(numbers)) == len(numbers)
    assert not {23, 24, 25, 29} & set(numbers), "the Pico's own"


def test_the_connector_is_the_picos():
    """Against the sheet's well-known places: Pico datasheet, figure 4."""
    assert len(CONNECTOR) == 40
    assert [physical(gpio) for gpio in (0, 1, 2, 15, 16, 22, 26, 28)] == [1, 2, 4, 20, 21, 29, 31, 34]
    assert [place for place, what in enumerate(CONNECTOR, 1) if what == "GND"] == [3, 8, 13, 18, 23, 28, 38]
    assert CONNECTOR[35] == "3V3"
    assert CONNECTOR[39] == "VBUS"


def test_the_table_on_the_page():
    rows = re.findall(r"^\| (\d+) \| GP(\d+) \| `(\w+)` \|", PAGE, re.MULTILINE)
    assert {name: int(gpio) for _, gpio, name in rows} == gpios()
    assert all(physical(int(gpio)) == int(place) for place, gpio, _ in rows)


def test_the_drawing_has_every_part_and_pin_and_stays_in_its_frame():
    root = ElementTree.fromstring(bench_drawing.picture())
    _, _, width, height = map(float, root.get("viewBox").split())
    texts = [element.text for element in root.iter() if element.tag.endswith("text")]
    for part in (*LEFT, *RIGHT):
        assert part.title in texts
    assert {f"GP{number}" for number in gpios().values()} <= set(texts)
    boxes = [element for element in root.iter() if element.tag.endswith("rect")]
    for box in boxes[1:]:
        assert 0 <= float(box.get("x")) <= float(box.get("x")) + float(box.get("width")) <= width
        assert 0 <= float(box.get("y")) <= float(box.get("y")) + float(box.get("height")) <= height
    wires = [element for element in root.iter() if element.tag.endswith("polyline")]
    assert len(wires) == len(gpios())


def test_the_wokwi_diagram_joins_ends_that_there_are():
    found = json.loads((DOCS / "bench" / "diagram.json").read_text(encoding="utf-8"))
    kinds = {part["id"]: part["type"] for part in found["parts"]}
    assert len(kinds) == len(found["parts"])
    for first, second, *_ in found["connections"]:
        for end in (first, second):
            part, _, pin = end.partition(":")
            if part != "$serialMonitor":
                assert pin in WOKWI[kinds[part]].split(), end
    used = {int(end.partition(":GP")[2]) for end, *_ in found["connections"] if end.startswith("pico:GP")}
    assert used == set(gpios().values())


def test_the_commands_on_the_page_are_right():
    assert f"sda=Pin({pins.I2C_SDA}), scl=Pin({pins.I2C_SCL})" in PAGE
    addresses = sorted(
        (pins.KEYPAD_ADDRESS, pins.SWITCHES_ADDRESS, pins.DISPLAY_ADDRESS, pins.RTC_ADDRESS)
    )
    assert str(addresses) in PAGE
    assert f"GP{pins.GATE} is high" in PAGE
    assert f"whatever GP{pins.RELAY} does" in PAGE


def test_the_keypads_legend_is_the_drivers():
    from hal.pico import entry

    lines = [line.strip() for line in entry.__doc__.splitlines()]
    legend = [line for line in lines if line[:1] in "147*" and "  " in line]
    assert len(legend) == 4
    for line in legend:
        assert line in PAGE


def test_help_writes_nothing(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert bench_drawing.main(["--help"]) == 0
    assert bench_drawing.main(["--wrong"]) == 2
    assert "bench_drawing" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
