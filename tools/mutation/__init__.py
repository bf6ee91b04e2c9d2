"""Mutation testing of therapy: small wrong versions of a module, each of which its covering tests must find."""
