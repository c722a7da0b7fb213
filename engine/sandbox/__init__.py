"""What a template may reach, and how much of the machine it may use."""
