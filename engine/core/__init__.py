"""The ground: errors, events, results, the graph, and work in threads. Imports nothing above it."""
