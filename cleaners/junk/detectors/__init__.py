"""Detectors of junk: rules, headlines, captions, cards, widgets, credits, templates, owners."""
