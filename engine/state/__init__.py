"""What an earlier run has left behind, and how today's project differs from it."""
