"""Events as files in the target directory."""
