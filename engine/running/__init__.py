"""The selected nodes, run against the database."""
