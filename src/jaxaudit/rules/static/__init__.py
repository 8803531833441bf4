"""Arguments on the wrong side of the line."""
