"""Models of the parts soldered to the Pico: what their datasheets say they do, not what one would like."""
