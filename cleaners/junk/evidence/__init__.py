"""Evidence of many documents about a passage: counted, merged, learned in parts."""
