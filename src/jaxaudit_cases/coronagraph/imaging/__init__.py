"""From a scene and an optical path to photons per second and pixel."""
