"""Databases, each behind the same small set of verbs. Nothing here knows of the engine."""
