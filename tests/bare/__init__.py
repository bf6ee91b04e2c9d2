"""The bare board: plant, panel, keys and demo."""
