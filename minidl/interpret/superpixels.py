"""Superpixels: an image cut into compact parts of similar colour, which LIME switches on and off.

k-means on (colour, position), from centres on a grid: with S their distance, and m how much
position counts against colour,

    D^2 = |colour - colour_k|^2 + (m / S)^2 |position - position_k|^2.

Simple linear iterative clustering, SLIC: Achanta et al. 2012 (IEEE TPAMI 34:2274), eq. 1-3.  For
speed on large images they let a centre look only at the pixels within 2 S; here it looks at all.
"""

from __future__ import annotations

import numpy as np


def slic(image: np.ndarray, count: int, compactness: float = 0.3, rounds: int = 10) -> np.ndarray:
    """The part of each pixel, from 0, about `count` of them.  image: (C, H, W) in [0, 1] -> (H, W).

    compactness: m; large values give squares, small ones follow edges.
    """
    channels, height, width = image.shape
    spacing = np.sqrt(height * width / count)
    rows, columns = (max(1, round(length / spacing)) for length in (height, width))
    centre = lambda length, parts: (np.arange(parts) + 0.5) * length / parts - 0.5
    grid = np.meshgrid(centre(height, rows), centre(width, columns), indexing="ij")
    places = np.stack([g.ravel() for g in grid], axis=1)  # (K, 2)
    y, x = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    pixels = np.stack([y, x], axis=2).reshape(-1, 2)  # (P, 2)
    colours = image.reshape(channels, -1).T  # (P, C)
    nearest = places.round().astype(int)
    means = image[:, nearest[:, 0], nearest[:, 1]].T  # (K, C)
    for _ in range(rounds):
        distance = ((colours[:, None] - means) ** 2).sum(axis=2)  # (P, K)
        distance += (compactness / spacing) ** 2 * ((pixels[:, None] - places) ** 2).sum(axis=2)
        part = distance.argmin(axis=1)
        member = part == np.arange(len(places))[:, None]  # (K, P)
        size = member.sum(axis=1, keepdims=True)
        places = np.where(size > 0, member @ pixels / np.maximum(size, 1), places)
        means = np.where(size > 0, member @ colours / np.maximum(size, 1), means)
    return np.unique(part, return_inverse=True)[1].reshape(height, width)
