"""Class labels as text that a database holds: one byte each, compressed, in base64."""

from __future__ import annotations

import base64
import zlib

MAX_DECODED_LABELS = 10_000_000


def encode_labels(labels: bytes) -> str:
    """Return class labels (one byte each) as base64 of their zlib compression."""
    return base64.b64encode(zlib.compress(labels, level=9)).decode("ascii")


def decode_labels(text: str) -> bytes:
    """Return the labels that `encode_labels` encoded.

    Raises:
        ValueError: If the text is not base64 of a zlib stream, or holds over ten million labels.
    """
    decompressor = zlib.decompressobj()
    try:
        labels = decompressor.decompress(base64.b64decode(text, validate=True), MAX_DECODED_LABELS)
    except zlib.error as error:
        raise ValueError(f"Encoded labels are not a zlib stream: {error}.") from error
    if not decompressor.eof:
        raise ValueError("Encoded labels are cut off or hold more than ten million labels.")
    return labels
