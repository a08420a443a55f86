"""Signatures of texts, and the buckets in which like ones meet."""
