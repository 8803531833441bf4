"""What is up there: a star, its planets and disks, and the zodiacal light in front of them.

Positions on the sky are arcseconds from the star, x to the right and y up; z points to us. Time is days since the scene's
own epoch.
"""
