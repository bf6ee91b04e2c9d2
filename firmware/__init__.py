"""The pump: therapy and, standing on it, what it trusts and how it speaks."""
