"""From files to typed nodes."""
