"""Nodes that YAML alone declares: exposures, metrics, semantic models, saved queries."""
