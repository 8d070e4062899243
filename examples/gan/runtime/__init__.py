"""Helpers of train.py: each module has one subject and can be read by itself."""
