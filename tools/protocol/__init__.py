"""What the messages of a pump are made of: the code's own tables, and beside them what only people and CDDL need."""
