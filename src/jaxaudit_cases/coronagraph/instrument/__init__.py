"""What light passes on its way, and what counts it."""
