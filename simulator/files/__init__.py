"""Reads the files that people write: drug libraries and programmes, in strict YAML."""
