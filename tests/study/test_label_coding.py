from __future__ import annotations

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from study import label_coding
from study.label_coding import decode_labels, encode_labels


@given(st.binary(max_size=5000))
def test_decoding_gives_back_what_was_encoded(labels):
    assert decode_labels(encode_labels(labels)) == labels


def test_the_encoding_is_the_documented_one():
    labels = bytes([0, 1, 2, 9] * 100)
    assert zlib.decompress(base64.b64decode(encode_labels(labels), validate=True)) == labels
    written_by_another = base64.b64encode(zlib.compress(bytes(list(labels)))).decode()
    assert decode_labels(written_by_another) == labels


@pytest.mark.parametrize("n_missing_bytes", [1, 4, 8])
def test_cut_off_labels_are_an_error(n_missing_bytes):
    stream = zlib.compress(bytes(range(200)))
    with pytest.raises(ValueError, match="cut off"):
        decode_labels(base64.b64encode(stream[:-n_missing_bytes]).decode())


@pytest.mark.parametrize(
    "text",
    ["", "no base64!", "AAAA", "é", "eJw=\n", base64.b64encode(b"no zlib stream").decode()],
)
def test_what_was_not_encoded_by_us_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"\w"):
        decode_labels(text)


def test_a_small_text_that_unpacks_to_very_much_is_refused_without_unpacking_all_of_it():
    bomb = encode_labels(bytes(label_coding.MAX_DECODED_LABELS + 1))
    assert len(bomb) < 20_000
    with pytest.raises(ValueError, match="ten million"):
        decode_labels(bomb)


def test_exactly_the_largest_number_of_labels_is_read():
    labels = bytes(label_coding.MAX_DECODED_LABELS)
    assert len(decode_labels(encode_labels(labels))) == label_coding.MAX_DECODED_LABELS
