"""Flags, variables and the project's `flags:`, and what holds of them."""
