"""Contrast of colours, and how colour-blind readers see them: what tests of the look measure."""

from __future__ import annotations

import numpy as np

# Simulated in linear RGB: Viénot, Brettel and Mollon, "Digital video colourmaps for checking the
# legibility of displays by dichromats" (1999), in the form of DaltonLens (2021).
SIGHTS = {
    "full": np.eye(3),
    "protanopia": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
    "deuteranopia": np.array(
        [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]
    ),
}
# sRGB to XYZ, IEC 61966-2-1; the sum of each row is the white point, D65.
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour: str) -> np.ndarray:
    """Return "#rrggbb" as linear RGB in [0, 1], shape (3,)."""
    shares = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2.2) in [0, 1]."""
    return float(linear(colour) @ XYZ[1])


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2), from 1 to 21."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def difference(first: str, second: str, sight: str) -> float:
    """Return how different two colours look (CIE 1976 colour difference) to a kind of sight."""
    labs = []
    for colour in (first, second):
        ratios = XYZ @ (SIGHTS[sight] @ linear(colour)) / XYZ.sum(axis=1)
        x, y, z = np.where(ratios > 0.008856, np.cbrt(ratios), 7.787 * ratios + 16 / 116)
        labs.append(np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)]))
    return float(np.linalg.norm(labs[0] - labs[1]))
