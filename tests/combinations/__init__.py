"""Combinations of options: all of them render, are typed and run."""
