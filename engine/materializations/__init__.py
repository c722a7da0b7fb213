"""One coroutine for each materialization."""
