"""Scenarios: a programme, what happens to it and who attacks it, and the properties it is judged by.

`simulator.files.scenario` reads a file, `player` runs it, `monitors` judge what was recorded. Nothing is imported
here, so that whoever needs one part pays for no other.
"""
