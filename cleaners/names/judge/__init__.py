"""Forms of a name compared: what is suspect, and why."""
