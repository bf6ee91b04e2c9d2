"""Numbers, times and text as a reader wants them; everything that reaches HTML passes `safe`."""

from __future__ import annotations

import html
import json
import math
from typing import Any

PRIORITY_COLOURS = {"high": "#d3222a", "medium": "#f2c200", "low": "#12b5cb"}
DELIVERY_COLOURS = {
    "infusing": "#3b8f5a",
    "bolus": "#1f6f8b",
    "priming": "#7aa7c7",
    "kvo": "#9ccb86",
    "paused": "#d9a441",
    "stopped": "#c6504a",
    "failed": "#7d1d1d",
    "complete": "#6b7f8f",
    "maintenance": "#8d7aa8",
}
TRUST_COLOURS = {
    "normal": "#3b8f5a",
    "offline": "#8a97a3",
    "suspect": "#d98a2b",
    "isolated": "#8b3fa0",
    "recovery": "#4a7fc1",
}
LAMP_COLOURS = {"red": "#d3222a", "yellow": "#f2c200", "cyan": "#12b5cb", "dark": "#e3e8ec"}
PLAIN = "#c3cbd3"


def safe(text: Any) -> str:
    """Text that can only be text, in HTML and in plotly's labels (which read a little HTML)."""
    return html.escape(str(text), quote=True)


def clock(seconds: float) -> str:
    """Run time as h:mm:ss, or d days and h:mm:ss."""
    whole = round(seconds)
    days, rest = divmod(whole, 86_400)
    stamp = f"{rest // 3600}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{days} d {stamp}" if days else stamp


def number(value: float | None, digits: int = 2) -> str:
    """A number with a real minus sign and thin thousands; a dash for what is not there."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:,.{digits}f}".replace("-", "−").replace(",", "\u202f")


def signed(value: float | None, digits: int = 2) -> str:
    """A number that always shows its sign; a value that rounds to nothing has none."""
    shown = number(value, digits)
    return "+" + shown if value is not None and round(value, digits) > 0 else shown.replace("−0.00", "0.00")


def script_json(value: Any) -> str:
    """JSON that may stand inside a <script> element: nothing in it can close the element."""
    text = json.dumps(_finite(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
