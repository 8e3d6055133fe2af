"""Bytes as text that a database holds, compressed and in base64: labels, confidences, pixels."""

from __future__ import annotations

import base64
import zlib

MAX_DECODED_BYTES = 10_000_000


def encode_bytes(values: bytes) -> str:
    """Return bytes, as class labels of one byte each, as base64 of their zlib compression."""
    return base64.b64encode(zlib.compress(values, level=9)).decode("ascii")


def decode_bytes(text: str) -> bytes:
    """Return the bytes that `encode_bytes` encoded.

    Raises:
        ValueError: If the text is not base64 of a zlib stream, or holds over ten million bytes.
    """
    decompressor = zlib.decompressobj()
    try:
        values = decompressor.decompress(base64.b64decode(text, validate=True), MAX_DECODED_BYTES)
    except zlib.error as error:
        raise ValueError(f"Encoded bytes are not a zlib stream: {error}.") from error
    if not decompressor.eof:
        raise ValueError("Encoded bytes are cut off or more than ten million.")
    return values
