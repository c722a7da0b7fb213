"""The types of all nodes."""
