"""Which mistakes are shown, as what pictures, and what is said of them."""

from __future__ import annotations

import base64
import dataclasses
import io
import math

import numpy as np
import pytest
from PIL import Image

from analysis import evidence, pixels
from analysis.charts import mistakes
from analysis.mistakes import N_SHOWN, Examined, Example, Trust, examined, of_winner
from study.records import WINNER, Mistake, RetrainedResult
from tests.analysis import hostile, synthetic

FULL = synthetic.study()


def picture(uri):
    head, _, content = uri.partition(",")
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(content, validate=True)))


@pytest.mark.parametrize(
    ("shape", "mode"),
    [((4, 6, 3), "RGB"), ((5, 3, 1), "L"), ((1, 1, 1), "L"), ((32, 32, 3), "RGB")],
)
def test_each_pixel_of_a_small_image_becomes_a_square_of_its_colour(shape, mode):
    values = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    found = picture(pixels.data_uri(values.tobytes(), shape))
    times = found.height // shape[0]
    assert (found.format, found.mode) == ("PNG", mode)
    assert max(found.size) > pixels.SIDE_PIXELS / 2
    enlarged = values.repeat(times, axis=0).repeat(times, axis=1)
    np.testing.assert_array_equal(np.asarray(found).reshape(enlarged.shape), enlarged)


def test_a_large_image_is_reduced_and_keeps_its_proportions():
    assert picture(pixels.data_uri(bytes(400 * 200), (400, 200, 1))).size == (80, 160)


@pytest.mark.parametrize(
    ("n_bytes", "shape"),
    [(11, (2, 2, 3)), (12, ()), (12, (3, 4)), (8, (2, 2, 2)), (0, (0, 4, 3)), (4, (-2, -2, 1))],
)
def test_pixels_that_are_none_of_that_shape_make_no_picture(n_bytes, shape):
    assert pixels.data_uri(bytes(n_bytes), shape) is None


def result(number=0, *, augmented=False, seed=0, accuracy=0.5, kept=True, **changes):
    one = Mistake(index=number, true=1, predicted=0, confidence=0.5, pixels=bytes(4))
    attributes = {
        "number": number,
        "family": "a",
        "configuration": WINNER,
        "augmented": augmented,
        "seed": seed,
        "test_accuracy": accuracy,
        "mistakes": (one,) if kept else (),
    }
    return RetrainedResult(**{**attributes, **changes})


DATASET = dataclasses.replace(FULL.dataset, classes=("cat", "dog"), image_shape=(2, 2, 1))


@pytest.mark.parametrize(
    ("results", "shown"),
    [
        # The better of both ways on average, though the best single run is of the other.
        (
            [
                result(0, seed=0, accuracy=0.9),
                result(1, seed=1, accuracy=0.3),
                result(2, augmented=True, seed=1, accuracy=0.7),
                result(3, augmented=True, seed=0, accuracy=0.65),
            ],
            3,
        ),
        # The lowest seed of which something is kept; an average counts those without too.
        (
            [
                result(0, seed=0, accuracy=0.9, kept=False),
                result(1, seed=2, accuracy=0.4),
                result(2, seed=1, accuracy=0.5),
                result(3, augmented=True, accuracy=0.45),
            ],
            2,
        ),
        # The other way, where nothing is kept of the better one.
        ([result(0, accuracy=0.9, kept=False), result(1, augmented=True, accuracy=0.1)], 1),
        ([result(0, configuration="V1"), result(1, family="b")], None),
        ([result(0, kept=False)], None),
    ],
)
def test_the_model_that_is_shown_is_chosen_by_a_plain_rule(results, shown):
    found = of_winner(results, "a", dataset=DATASET, test_labels=b"")
    assert (found and found.examples[0].place) == shown


def test_mistakes_that_do_not_fit_the_dataset_are_left_out():
    good = Mistake(index=3, true=1, predicted=0, confidence=0.5, pixels=bytes(4))
    odd = [
        dataclasses.replace(good, **change)
        for change in ({"true": 2}, {"predicted": 2}, {"pixels": bytes(5)})
    ]
    found = examined(result(mistakes=(*odd, good, *odd)), dataset=DATASET, test_labels=b"")
    assert [(one.place, one.true, one.predicted) for one in found.examples] == [(3, "dog", "cat")]
    assert examined(result(mistakes=tuple(odd)), dataset=DATASET, test_labels=b"") is None
    many = examined(result(mistakes=(good,) * 50), dataset=DATASET, test_labels=b"")
    assert len(many.examples) == N_SHOWN


def test_confidences_are_averaged_over_what_was_right_and_what_was_wrong():
    one = result(confidences=bytes([255, 51, 102, 204]), predictions=bytes([0, 1, 1, 0]))
    trust = examined(one, dataset=DATASET, test_labels=bytes([0, 0, 1, 1])).trust
    assert trust[:4] == pytest.approx((0.5, 0.6, 0.7, 0.5))
    assert trust.calibration_error == pytest.approx((0 + 0.2 + 0.6 + 0.8) / 4)


@pytest.mark.parametrize(
    ("confidences", "predictions", "labels"),
    [(b"", b"ab", b"ab"), (b"a", b"ab", b"ab"), (b"ab", b"ab", b"a"), (b"", b"", b"")],
)
def test_confidences_that_are_not_of_the_test_split_are_not_averaged(
    confidences, predictions, labels
):
    one = result(confidences=confidences, predictions=predictions)
    assert examined(one, dataset=DATASET, test_labels=labels).trust is None


def test_each_image_is_drawn_with_what_it_was_taken_for():
    computed = mistakes.compute(evidence.from_study(FULL))
    figure = mistakes.draw(computed)
    assert [model.family for model in computed.models] == ["alexnet_lite", "custom_cnn"]
    assert all(model.augmented and model.seed == 0 for model in computed.models)
    examples = [example for model in computed.models for example in model.examples]
    assert [image.source for image in figure.layout.images] == [one.picture for one in examples]
    texts = [text for trace in figure.data for text in trace.text]
    assert texts == [
        f"{one.true}<br>→ {one.predicted}, {100 * one.confidence:.1f} %" for one in examples
    ]
    hovers = [text for trace in figure.data for text in trace.customdata]
    assert all(f"image {one.place} of" in text for one, text in zip(examples, hovers, strict=True))


def test_a_family_without_recorded_mistakes_says_so_beside_one_that_has_them():
    results = tuple(
        dataclasses.replace(one, mistakes=()) if one.family == "custom_cnn" else one
        for one in FULL.retrained
    )
    known = evidence.from_study(dataclasses.replace(FULL, retrained=results))
    figure = mistakes.draw(mistakes.compute(known))
    assert len(figure.layout.images) == N_SHOWN
    assert mistakes.NOT_KEPT in [note.text for note in figure.layout.annotations]


def test_texts_are_escaped_and_long_names_cut():
    computed = mistakes.compute(evidence.from_study(hostile.study(FULL)))
    texts = [
        text for trace in mistakes.draw(computed).data for text in (*trace.text, *trace.customdata)
    ]
    assert len(texts) == 4 * N_SHOWN
    assert all("<" not in text.replace("<br>", "") for text in texts)
    assert max(len(line) for trace in mistakes.draw(computed).data for line in trace.text) < 80


def model(*pairs, trust=None):
    examples = tuple(Example(i, true, said, 0.9, "") for i, (true, said) in enumerate(pairs))
    return mistakes.Mistakes(("a",), (Examined("a", True, 0, 0.8, examples, trust),))


CAT, DOG = ("cat", "dog"), ("dog", "cat")


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([CAT, DOG, CAT], "2 are cat taken for dog."),
        ([CAT, DOG, DOG, CAT], "2 are cat taken for dog and 2 are dog taken for cat."),
        ([CAT, DOG], ""),
    ],
)
def test_the_most_frequent_pairs_are_named_if_any_is_there_twice(pairs, said):
    text = mistakes.words(model(*pairs))
    assert text == (
        f"Of the {len(pairs)} most confident mistakes of a (with augmentation), {said}"
        if said
        else ""
    )


def test_words_say_how_sure_the_model_is_unless_that_is_not_known():
    text = mistakes.words(model(CAT, trust=Trust(0.8, 0.75, 0.9, 0.6, 0.051, 0.01)))
    assert "a (with augmentation) is 90 % sure where it is right and 60 % where it is wrong" in text
    assert "75.0 % sure and 80.0 % right (expected calibration error: 5.1 percentage p" in text
    assert "5.1 percentage points, where 1.0 percentage points would be chance alone)." in text
    assert mistakes.words(model(CAT, trust=Trust(0.0, 0.75, math.nan, 0.6, 0.75, 0.01))) == ""
