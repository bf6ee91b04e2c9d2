"""The list of claims for docs/claims.md: `python -m tools.claims_doc` writes it.

`check` compares the page with the claims that are registered; a test calls it.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

from tools.claims.registry import Claim, claims
from tools.pages import Page

DOCS = Path("docs")
PAGE = "claims.md"

_HEAD = """# Claims

<!-- Made by `python -m tools.claims_doc` from tools/claims/; do not edit. -->

What is said of this pump, and what would show it wrong. `kvo prove NAME` runs the evidence and prints its figure;
`--deep` runs full counts, `--mutants` shows the evidence rejecting each wrong version named here. No figure stands on
this page: run it. Nothing is claimed of a real pump.
"""


def _section(claim: Claim) -> str:
    lines = [f"## {claim.name}", "", fill(claim.says, 118), "", "Rejects:", ""]
    lines += [f"- {mutant}" for mutant in claim.mutants]
    return "\n".join([*lines, ""])


def page() -> str:
    """The whole of docs/claims.md."""
    return "\n".join([_HEAD, *(_section(claim) for claim in claims().values())])


_PAGE = Page(PAGE, page, DOCS)
write, check = _PAGE.write, _PAGE.check


if __name__ == "__main__":
    print(write())
