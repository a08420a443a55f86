"""A page, and what it says of itself."""
