"""Evidence of a pump: taken, counter-signed, verified away from it, and told."""
