"""From events to terminal, log lines and files."""
