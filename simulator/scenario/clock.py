"""When a scenario's run begins for its site, and how long shifts and requests last."""

SITE_S = 200_000_000  # the site's time when the run begins, seconds since 2020
SHIFT_S = 8 * 3600
GOOD_FOR_S = 20  # pump seconds that a person's request is good for
