"""Structure that will not hold still."""
