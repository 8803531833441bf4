"""Where jit is put."""
