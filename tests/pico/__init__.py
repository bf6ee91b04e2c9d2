"""Tests of the Pico board, on a chip of make-believe."""
