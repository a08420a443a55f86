"""Text files, and the language of a text."""
