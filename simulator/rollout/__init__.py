"""Brings an image to the pumps of a ward, in stages, and stops when one of them does not confirm it."""
