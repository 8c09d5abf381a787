"""A query as tokens for the network: hashed character n-grams, the same on every machine."""

import hashlib

import numpy as np

WIDTH = 256
GRAMS = (3, 4, 5)
LONGEST = 64
"""Words of a query that are read."""


def hashed_tokens(text: str) -> np.ndarray:
    """(L, 256) float32 unit rows, one per word; the same text gives the same numbers everywhere. (0, 256) without words."""
    words = text.casefold().split()[:LONGEST]
    return np.stack([_hashed(word) for word in words]) if words else np.zeros((0, WIDTH), np.float32)


def _hashed(word: str) -> np.ndarray:
    vector = np.zeros(WIDTH, np.float32)
    padded = f"<{word}>"
    for size in GRAMS:
        for start in range(max(1, len(padded) - size + 1)):
            digest = hashlib.blake2b(padded[start : start + size].encode(), digest_size=8).digest()
            vector[int.from_bytes(digest[:4], "little") % WIDTH] += 1.0 if digest[4] & 1 else -1.0
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector
