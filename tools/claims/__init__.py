"""Every claim of the safety case, one function each; `kvo prove` runs them."""
