"""Writes plain PyTorch training projects from a short module spec."""

__version__ = "0.1.0"
