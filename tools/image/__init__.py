"""Device images: the files that go onto a board, their manifest, and whether they fit."""
