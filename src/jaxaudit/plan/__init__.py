"""From findings to proposals: what source and run say together, what could be changed, and in which order to try it."""
