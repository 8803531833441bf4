"""Sizes of the sun and the earth (nominal values of the IAU, 2015), in astronomers' units."""

AU_M = 1.495978707e11
"""Metres. One astronomical unit at a distance of one parsec is one arcsecond."""
SUN_GM = 1.3271244e20 * 86400**2 / AU_M**3
"""au3/day2."""
SUN_RADIUS_AU = 6.957e8 / AU_M
EARTH_RADIUS_AU = 6.3781e6 / AU_M
EARTH_MASS_MSUN = 3.986004e14 / 1.3271244e20
