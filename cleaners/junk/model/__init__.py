"""The learned layer: features of a passage, trees over them, regions of junk."""
