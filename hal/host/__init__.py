"""Parts of a board that a PC has for real: clock, files, terminal. Standard library only."""
