"""A board that needs no parts: a small plant, a panel of text and a demo inside the device itself."""
