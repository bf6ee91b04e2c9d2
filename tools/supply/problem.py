"""What the supply chain's commands refuse, in one line that says what to do."""


class SupplyProblem(RuntimeError):
    """Nothing was written. The text says why, and the remedy."""
