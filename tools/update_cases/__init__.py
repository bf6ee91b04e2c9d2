"""A pump to update, in memory, and the envelopes that it must take or refuse: for tests and claims."""
