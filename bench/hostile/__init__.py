"""Hostile input, made and measured: `python -m bench.hostile`."""
