"""What finds junk: rules, headlines, captions, cards, widgets, credits, templates, owners."""
