"""The pictures of the documentation, taken in a browser from a real newsroom."""
