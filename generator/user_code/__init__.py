"""The user's model.py and data.py, read as text and never imported."""
