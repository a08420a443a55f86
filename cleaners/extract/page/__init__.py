"""A page, and what it says about itself."""
