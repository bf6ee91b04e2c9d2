"""Signs updates: keys that count what they have signed, and the envelopes that a pump opens."""
