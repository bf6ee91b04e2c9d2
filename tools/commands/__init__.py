"""The commands of `kvo`, one module each; `tools.cli` gathers them."""
