"""A project, its profile and target, opened; its nodes; and which of them are chosen."""
