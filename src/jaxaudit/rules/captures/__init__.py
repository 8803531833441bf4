"""Arrays that become constants of the executable."""
