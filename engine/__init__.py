"""The engine: from a project on disk to a run's results."""
