"""What many documents say of a passage: counted, merged, learned in parts."""
