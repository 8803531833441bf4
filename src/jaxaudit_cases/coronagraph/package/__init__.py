"""Yield input packages: a coronagraph's images on disk, made, read and turned into cubes (NumPy and astropy only)."""
