"""From a selection expression to node ids."""
