"""Motion on an ellipse by the textbook's slow way, in float64."""

import numpy as np

SUN_GM = 1.3271244e20 * 86400**2 / 1.495978707e11**3


def turn(axis, angle):
    cos, sin = np.cos(angle), np.sin(angle)
    first, second = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = cos
    matrix[first, second], matrix[second, first] = -sin, sin
    return matrix


def slowly(elements, time, mass):
    """By bisection, the true anomaly and three rotations, in float64."""
    axis, e, inclination, node, periapsis, mean, epoch = elements
    mean = mean + np.sqrt(SUN_GM * mass / axis**3) * (time - epoch)
    whole = 2 * np.pi * np.floor(mean / (2 * np.pi))
    low, high = 0.0, 2 * np.pi
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if middle - e * np.sin(middle) < mean - whole else (low, middle)
    true = 2 * np.arctan2(np.sqrt(1 + e) * np.sin(low / 2), np.sqrt(1 - e) * np.cos(low / 2))
    distance = axis * (1 - e**2) / (1 + e * np.cos(true))
    flat = distance * np.array([np.cos(true), np.sin(true), 0])
    return turn(2, node) @ turn(0, inclination) @ turn(2, periapsis) @ flat
