"""The untrusted side: carries bytes between the link and two mailboxes, and decides nothing."""
