"""What signing refuses."""


class SignProblem(Exception):
    """Nothing is signed. Says why, and what to do."""
