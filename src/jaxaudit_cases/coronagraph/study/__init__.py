"""The case as a command shows it: a scene's picture, its rates, and what baking the optical path into the program costs."""
