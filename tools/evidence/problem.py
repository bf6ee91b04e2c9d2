"""What evidence is not taken, or cannot be read at all."""


class EvidenceProblem(RuntimeError):
    """The text says why, and what to do."""
