"""Updates: what a pump opens, reads and carries out, and what it refuses."""
