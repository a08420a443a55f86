"""Quality of each step, on the development sets."""
