"""The templates of what lgen generates, and the starters."""
