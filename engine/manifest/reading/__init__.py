"""From files to nodes."""
