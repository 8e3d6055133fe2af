from __future__ import annotations

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from study import byte_coding
from study.byte_coding import decode_bytes, encode_bytes


@given(st.binary(max_size=5000))
def test_decoding_gives_back_what_was_encoded(values):
    assert decode_bytes(encode_bytes(values)) == values


def test_the_encoding_is_the_documented_one():
    values = bytes([0, 1, 2, 9] * 100)
    assert zlib.decompress(base64.b64decode(encode_bytes(values), validate=True)) == values
    written_by_another = base64.b64encode(zlib.compress(bytes(list(values)))).decode()
    assert decode_bytes(written_by_another) == values


@pytest.mark.parametrize("n_missing_bytes", [1, 4, 8])
def test_cut_off_bytes_are_an_error(n_missing_bytes):
    stream = zlib.compress(bytes(range(200)))
    with pytest.raises(ValueError, match="cut off"):
        decode_bytes(base64.b64encode(stream[:-n_missing_bytes]).decode())


@pytest.mark.parametrize(
    "text",
    ["", "no base64!", "AAAA", "é", "eJw=\n", base64.b64encode(b"no zlib stream").decode()],
)
def test_what_was_not_encoded_by_us_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"\w"):
        decode_bytes(text)


def test_a_small_text_that_unpacks_to_very_much_is_refused_without_unpacking_all_of_it():
    bomb = encode_bytes(bytes(byte_coding.MAX_DECODED_BYTES + 1))
    assert len(bomb) < 20_000
    with pytest.raises(ValueError, match="ten million"):
        decode_bytes(bomb)


def test_exactly_the_largest_number_of_bytes_is_read():
    values = bytes(byte_coding.MAX_DECODED_BYTES)
    assert len(decode_bytes(encode_bytes(values))) == byte_coding.MAX_DECODED_BYTES
