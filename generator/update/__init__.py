"""What an update of a project changes, file by file."""
