"""How right each step is, on the development sets."""
