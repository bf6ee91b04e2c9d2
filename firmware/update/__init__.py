"""Updates: what is authentic, for this pump and newer, and what is then done. Loaded in maintenance and at boot."""
