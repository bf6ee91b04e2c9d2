"""Checksums of the tables as they were written, by engine.fold. Made by `python -m tools.table_sums`."""

from hal.compat import const

DELIVERY_SUM = const(4782246)
TRUST_SUM = const(8789370)
TRAITS_SUM = const(13091529)
