"""Trying changes: copies of the working directory, runs in them, outputs and figures compared, verdicts."""
