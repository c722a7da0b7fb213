"""From files on disk to typed configuration."""
