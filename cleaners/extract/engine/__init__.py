"""Trafilatura, step by step."""
