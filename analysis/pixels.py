"""Small images as pictures that a page can hold: PNG in a data URI."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

from PIL import Image

SIDE_PIXELS = 160
"""Smaller images are enlarged to about this, pixel by pixel, larger ones are reduced to it."""

MODES = {1: "L", 3: "RGB"}


def data_uri(pixels: bytes, shape: Sequence[int]) -> str | None:
    """Return an image as a data URI, the same bytes at every call.

    Args:
        pixels: One byte each, by row, then column, then channel.
        shape: Height, width and channels; 1 channel is grey, 3 are red, green and blue.

    Returns:
        None where the pixels are not of that shape, or the shape is none of an image.
    """
    if len(shape) != 3 or shape[2] not in MODES or min(shape) < 1:
        return None
    height, width, channels = shape
    if len(pixels) != height * width * channels:
        return None
    picture = Image.frombytes(MODES[channels], (width, height), pixels)
    if max(height, width) > SIDE_PIXELS:
        picture.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
    else:
        # Browsers blur what they enlarge.
        times = SIDE_PIXELS // max(height, width)
        picture = picture.resize((width * times, height * times), Image.Resampling.NEAREST)
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
