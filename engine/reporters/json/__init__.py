"""Events as JSON lines."""
