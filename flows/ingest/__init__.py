"""Bytes to records: sources, inputs, formats, containers."""
