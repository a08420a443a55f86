"""Processes that may die, and what is known of them."""
