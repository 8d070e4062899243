"""What an option brings, and what brought a line."""
