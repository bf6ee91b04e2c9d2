"""Checksums of the tables as they were written, by engine.fold. Made by `python -m tools.table_sums`."""

from hal.compat import const

DELIVERY_SUM = const(219187)
TRUST_SUM = const(4658937)
TRAITS_SUM = const(1923826)
TRAITS_SIZE = const(38)
