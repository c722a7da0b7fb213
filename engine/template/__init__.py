"""Jinja: the environment, the contexts and the macros."""
