"""What the clients refuse, or cannot do: one line that says what to do."""


class GatewayError(Exception):
    """A client cannot go on; says why and what to do."""
