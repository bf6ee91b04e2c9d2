"""The named controls of this pump and its site, and for each the stand-in that a pump without it would have."""
