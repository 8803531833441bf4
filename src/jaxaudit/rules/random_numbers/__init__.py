"""Random keys."""
