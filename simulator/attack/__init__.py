"""Attacks and the controls that stop them: the table of controls with stand-ins, and what runs came to."""
