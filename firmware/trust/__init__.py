"""Who is asking, and is it authentic: the trusted side of every partition. On therapy, below app."""
