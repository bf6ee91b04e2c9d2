"""The table of the claim `bad-input`: files that must be refused, and where.

A row is (name, kind, edit, line, phrase). kind: LIBRARY or PROGRAMME, whose good text is
edited; the refusal must name `line` (None: any) and say `phrase`. The table of the tests too.
"""

LIBRARY, PROGRAMME = "library", "programme"

GOOD_LIBRARY = """\
kvo: library/1
name: Test
sequence: 1
care_areas: {icu: 1}
lightest_patient_kg: 40
drugs:
  - name: norepinephrine
    code: 101
    care_area: icu
    policy: sustain
    why: a vasopressor
    source: its label
    concentration: 16 mg / 250 mL
    unit: ug/kg/min
    modes: [continuous, steps]
    dose: {lower_soft: 0.01 ug/kg/min, upper_soft: 1 ug/kg/min, upper_hard: 3 ug/kg/min}
    vtbi: {upper_hard: 500 mL}
  - name: saline
    code: 102
    care_area: icu
    policy: kvo
    why: a fluid
    source: its label
    unit: mL/h
    modes: [continuous, ramp, intermittent, volume_over_time]
    dose: {upper_hard: 999 mL/h}
    kvo: 3 mL/h
  - name: morphine
    code: 103
    care_area: icu
    policy: basal
    why: an opioid
    source: its label
    concentration: 1 mg/mL
    unit: mg/h
    modes: [pca]
    dose: {upper_hard: 3 mg/h}
    bolus: {typical: 1 mL, upper_hard: 4 mL, rate_hard: 150 mL/h, lockout_lower_hard: 5 min}
    window: {period: 4 h, volume: 30 mL}
"""

GOOD_PROGRAMME = """\
kvo: programme/1
name: test
title: A test
library: library.yaml
head: syringe
syringe: bd-60
reservoir: 60 mL
patient: {weight_kg: 70}
therapy:
  drug: norepinephrine
  care_area: icu
  mode: continuous
  dose_rate: 0.1 ug/kg/min
  vtbi: 50 mL
duration: 8 h
timeline:
  - {at: 1 h, do: link_down}
  - {at: 2 h, do: press, key: stop}
  - {at: 3 h, do: titrate, dose: 0.2 ug/kg/min}
"""

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [" + ", ".join([f"*{chr(97 + n)}"] * 9) + "]\n" for n in range(8)
)


def swap(old, new):
    """An edit: the one place that reads `old` reads `new`."""

    def edit(text):
        if text.count(old) != 1:
            raise ValueError(f"{old!r} stands {text.count(old)} times in the good file")
        return text.replace(old, new)

    return edit


def whole(text):
    """An edit: the file is `text` (str or bytes)."""
    return lambda _good: text


def drop(start):
    """An edit: the line that starts with `start` is left out."""
    return lambda text: "".join(line for line in text.splitlines(True) if not line.startswith(start))


_DOSE = "dose_rate: 0.1 ug/kg/min"
_THERAPY = "  mode: continuous\n  dose_rate: 0.1 ug/kg/min\n  vtbi: 50 mL\n"
_LOADING = _THERAPY.replace("continuous", "loading") + "  loading_volume: 5 mL\n  loading_time: 5 min\n"

ROWS = (
    # Not YAML, or YAML that is not wanted.
    ("empty file", PROGRAMME, whole(""), 1, "empty"),
    ("comment only", LIBRARY, whole("# nothing\n"), 1, "empty"),
    ("binary", PROGRAMME, whole(b"\x7fELF\xff\xfe\x00\x01"), 1, "UTF-8"),
    ("zero byte", PROGRAMME, swap("A test", "A \0 test"), None, "control character"),
    ("a list", LIBRARY, whole("- a\n- b\n"), 1, "not a mapping"),
    ("plain text", PROGRAMME, whole("hello\n"), 1, "not a mapping"),
    ("tab", PROGRAMME, swap("  drug: nor", "\tdrug: nor"), 10, "spaces"),
    ("open bracket", PROGRAMME, swap("{weight_kg: 70}", "{weight_kg: 70"), None, "mend"),
    ("two documents", PROGRAMME, lambda good: good + "---\na: 1\n", 20, "second document"),
    ("bomb", PROGRAMME, whole("kvo: programme/1\n" + BOMB), 2, "anchors"),
    ("alias", PROGRAMME, swap("title: A test", "title: *x"), 3, "anchors"),
    ("merge key", PROGRAMME, swap("title: A test", "<<: {title: x}"), 3, "merge"),
    ("tag", PROGRAMME, swap("title: A test", "title: !!python/object/apply:os.getcwd []"), 3, "tag"),
    ("deep nesting", PROGRAMME, swap("title: A test", "title: " + "[" * 40 + "]" * 40), 3, "deeper"),
    ("very deep nesting", PROGRAMME, whole("kvo: " + "[" * 100_000), 1, "deeper"),
    ("too large", LIBRARY, lambda good: good + "#" * 300_000, 1, "KiB"),
    ("a key that is a list", PROGRAMME, swap("title: A test", "? [a]\n: b"), 3, "key"),
    ("a missing value", PROGRAMME, swap("title: A test", "title:"), None, "value is missing"),
    # Keys and words.
    ("wrong kind", PROGRAMME, swap("programme/1", "library/1"), 1, "programme/1"),
    ("wrong version", LIBRARY, swap("library/1", "library/2"), 1, "library/1"),
    ("no version", PROGRAMME, drop("kvo:"), 1, "kvo"),
    ("repeated key", PROGRAMME, swap("title: A test", "title: A test\ntitle: B"), 4, "repeated"),
    ("repeated key inside", LIBRARY, swap("code: 102", "code: 102\n    code: 104"), 20, "repeated"),
    ("unknown key", PROGRAMME, swap("reservoir:", "resevoir:"), 7, "reservoir"),
    ("unknown key in therapy", PROGRAMME, swap("dose_rate:", "dose_rat:"), None, "dose_rate"),
    ("missing key", PROGRAMME, drop("duration:"), None, "duration"),
    ("missing key in therapy", PROGRAMME, drop("  dose_rate:"), None, "dose_rate"),
    ("missing source", LIBRARY, swap("    why: a fluid\n    source: its label\n", "    why: a fluid\n"), 18, "source"),
    ("unknown drug", PROGRAMME, swap("drug: norepinephrine", "drug: norepinefrine"), 10, "norepinephrine"),
    ("unknown care area", PROGRAMME, swap("care_area: icu", "care_area: ward"), 11, "icu"),
    ("unknown mode", PROGRAMME, swap("mode: continuous", "mode: continous"), 12, "continuous"),
    ("mode not allowed", PROGRAMME, swap(_THERAPY, _LOADING), 12, "allowed"),
    ("unknown verb", PROGRAMME, swap("do: link_down", "do: link_dwn"), 17, "link_down"),
    ("unknown key press", PROGRAMME, swap("key: stop", "key: stopp"), 18, "stop"),
    ("verb without its key", PROGRAMME, swap("do: press, key: stop", "do: press"), 18, "key"),
    ("verb with another's key", PROGRAMME, swap("do: link_down", "do: link_down, celsius: 40 C"), 17, "celsius"),
    ("unknown library", PROGRAMME, swap("library: library.yaml", "library: icuu"), 4, "icu"),
    ("unknown head", PROGRAMME, swap("head: syringe", "head: syrinj"), 5, "syringe"),
    ("unknown unit", LIBRARY, swap("unit: ug/kg/min", "unit: ug/kg/mn"), 14, "ug/kg/min"),
    ("unknown policy", LIBRARY, swap("policy: sustain", "policy: sustian"), 10, "sustain"),
    ("a number for text", PROGRAMME, swap("title: A test", "title: 5"), 3, "title"),
    ("a list for a number", LIBRARY, swap("code: 101", "code: [101]"), 8, "code"),
    ("a code as text", LIBRARY, swap("code: 101", "code: '101'"), 8, "code"),
    # Quantities.
    ("nan", PROGRAMME, swap(_DOSE, "dose_rate: .nan"), 13, "finite"),
    ("nan with a unit", PROGRAMME, swap(_DOSE, "dose_rate: nan ug/kg/min"), 13, "finite"),
    ("infinite", PROGRAMME, swap("vtbi: 50 mL", "vtbi: inf mL"), 14, "finite"),
    ("negative", PROGRAMME, swap(_DOSE, "dose_rate: -0.1 ug/kg/min"), 13, "negative"),
    ("huge", PROGRAMME, swap("vtbi: 50 mL", "vtbi: 99999999999999999999 L"), 14, "too large"),
    ("a very long number", PROGRAMME, swap("vtbi: 50 mL", "vtbi: " + "9" * 5000), 14, "digits"),
    ("huge count", PROGRAMME, swap("do: link_down", "do: hostile, count: 1000000"), 17, "count"),
    ("huge duration", PROGRAMME, swap("duration: 8 h", "duration: 99999999 d"), 15, "too long"),
    ("exponent", PROGRAMME, swap("vtbi: 50 mL", "vtbi: 5e1 mL"), 14, "unit"),
    ("no unit", PROGRAMME, swap(_DOSE, "dose_rate: 0.1"), 13, "no unit"),
    ("a case slip in the unit", PROGRAMME, swap("vtbi: 50 mL", "vtbi: 50 ml"), 14, "'mL'"),
    ("finer than a thousandth", PROGRAMME, swap(_DOSE, "dose_rate: 0.12345 ug/kg/min"), 13, "nearest"),
    ("a unit of another drug", PROGRAMME, swap(_DOSE, "dose_rate: 5 mmol/h"), 13, "does not fit"),
    ("minutes for hours", PROGRAMME, swap(_DOSE, "dose_rate: 6 ug/kg/h"), 13, "does not fit"),
    ("a titration's unit", PROGRAMME, swap("dose: 0.2 ug/kg/min", "dose: 2 mg/h"), 19, "does not fit"),
    ("no such weight", PROGRAMME, swap("weight_kg: 70", "weight_kg: 0.01"), 8, "weight"),
    ("weight left out", PROGRAMME, drop("patient:"), None, "weight_kg"),
    ("a concentration's unit", LIBRARY, swap("16 mg / 250 mL", "16 units / 250 mL"), 13, "same kind"),
    ("no concentration", LIBRARY, drop("    concentration: 16"), None, "concentration"),
    ("a concentration of nothing", LIBRARY, swap("16 mg / 250 mL", "16 mg / 0 mL"), 13, "no concentration"),
    # Limits.
    ("limits out of order", LIBRARY, swap("upper_soft: 1 ug", "upper_soft: 4 ug"), 16, "out of order"),
    ("a limit of 0", LIBRARY, swap("upper_hard: 3 ug", "upper_hard: 0 ug"), 16, "none"),
    ("kvo past the hard limit", LIBRARY, swap("{upper_hard: 999 mL/h}", "{upper_hard: 2 mL/h}"), 27, "hard limit"),
    ("sustain with a kvo rate", LIBRARY, swap("policy: sustain", "policy: sustain\n    kvo: 1 mL/h"), 11, "sustain"),
    ("basal without pca", LIBRARY, swap("policy: sustain", "policy: basal"), 10, "PCA"),
    ("pca without a rolling limit", LIBRARY, drop("    window:"), None, "rolling"),
    ("bolus limits out of order", LIBRARY, swap("{typical: 1 mL", "{typical: 5 mL"), 38, "out of order"),
    ("a code used twice", LIBRARY, swap("code: 102", "code: 101"), 19, "already"),
    ("a drug listed twice", LIBRARY, swap("name: saline\n    code: 102", "name: norepinephrine\n    code: 101"), 18,
        "twice"),
    ("past the hard limit", PROGRAMME, swap(_DOSE, "dose_rate: 3.001 ug/kg/min"), 13, "hard limit"),
    ("past the soft limit, not confirmed", PROGRAMME, swap(_DOSE, "dose_rate: 2 ug/kg/min"), 13, "confirm_soft"),
    ("titration past the hard limit", PROGRAMME, swap("dose: 0.2 ug", "dose: 5 ug"), 19, "hard limit"),
    ("volume past the hard limit", PROGRAMME, swap("vtbi: 50 mL", "vtbi: 501 mL"), 14, "hard limit"),
    ("past the head's rate", PROGRAMME, swap("norepinephrine\n  care_area: icu\n" + _THERAPY,
        "saline\n  care_area: icu\n  mode: continuous\n  dose_rate: 200 mL/h\n  vtbi: 50 mL\n"), 13, "150 mL/h"),
    ("a syringe too small", PROGRAMME, swap("syringe: bd-60", "syringe: bd-20"), 7, "holds"),
    ("a head without its syringe", PROGRAMME, drop("syringe:"), None, "syringe"),
    # Time.
    ("time goes backwards", PROGRAMME, swap("at: 2 h", "at: 30 min"), 18, "backwards"),
    ("after the end", PROGRAMME, swap("at: 3 h", "at: 9 h"), 19, "after the end"),
    ("no time", PROGRAMME, swap("at: 1 h", "at: soon"), 17, "number"),
)  # fmt: skip
