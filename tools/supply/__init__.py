"""What a release is made of, how long that is supported, and how soon a ward is patched."""
