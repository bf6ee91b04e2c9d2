"""What `kvo provision check` knows of weak credentials."""
