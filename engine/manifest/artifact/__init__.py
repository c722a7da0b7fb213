"""Nodes in the shape of manifest.json."""
