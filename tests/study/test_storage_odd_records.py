"""Attributes of any type in trials and studies: read as records, with what is odd left out."""

from __future__ import annotations

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.trial import TrialState, create_trial

from study.byte_coding import encode_bytes
from study.records import Mistake
from study.storage import open_for_writing, read_study
from study.storage.decoding import retrained_result, trial_record
from tests.study.databases import add_study, url_of

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 2**63])
    | st.floats()
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
TRIAL_KEYS = [
    *("training_accuracy", "training_loss", "validation_loss", "n_parameters", "forward_flops"),
    *("training_seconds", "sampler", "seed", "baseline", "failure", "worker", "versions"),
]
RESULT_KEYS = [
    *("configuration", "source_trial", "hyperparameters", "epochs", "training_accuracy"),
    *("training_loss_by_epoch", "precision", "recall", "f1", "confusion_matrix", "predictions"),
    *("n_parameters", "forward_flops", "training_seconds", "model_bytes", "versions"),
    *("milliseconds_per_image", "confidences", "mistakes"),
]


def attributes(keys):
    return st.fixed_dictionaries({}, optional=dict.fromkeys(keys, JSON))


def odd_trial(attrs, values, **changes):
    known = {"state": TrialState.COMPLETE, "value": 0.5}
    return create_trial(**{**known, **changes}, user_attrs=attrs, intermediate_values=values)


def odd_result(attrs, values=None):
    return odd_trial(
        attrs,
        values or {},
        params={"family": "custom_cnn", "augmentation": True, "seed": 0},
        distributions={
            "family": optuna.distributions.CategoricalDistribution(["custom_cnn"]),
            "augmentation": optuna.distributions.CategoricalDistribution([True]),
            "seed": optuna.distributions.IntDistribution(0, 9),
        },
    )


@given(attributes(TRIAL_KEYS), st.dictionaries(st.integers(-1, 5), st.floats(), max_size=3))
@settings(max_examples=60, deadline=None)
def test_a_search_trial_with_odd_attributes_reads_as_a_record(attrs, values):
    record = trial_record(odd_trial(attrs, values))
    assert record.value == 0.5
    for name in ("training_accuracy", "training_loss", "validation_loss"):
        assert all(isinstance(value, float) for value in getattr(record, name))
    for name in ("n_parameters", "forward_flops", "seed"):
        assert isinstance(getattr(record, name), int | None)
    for name in ("sampler", "baseline", "failure"):
        assert isinstance(getattr(record, name), str | None)


@given(attributes(RESULT_KEYS), st.dictionaries(st.integers(-1, 5), st.floats(), max_size=3))
@settings(max_examples=60, deadline=None)
def test_a_retrained_trial_with_odd_attributes_reads_as_a_record_or_as_none(attrs, values):
    record = retrained_result(odd_result(attrs, values))
    assert (record is None) == (not isinstance(attrs.get("configuration"), str))
    if record is not None:
        assert isinstance(record.predictions, bytes)
        assert isinstance(record.confidences, bytes)
        assert record.mistakes == ()
        assert len({len(row) for row in record.confusion_matrix}) <= 1


ODD_VALUES = [None, True, "text", 3, -0.5, float("nan"), 10**400, [], [1, "a", None], {}, {"a": []}]


def test_a_study_with_odd_attributes_is_read(tmp_path):
    url = url_of(tmp_path / "studies.db")
    keys = ("roles", "baselines", "settings", "versions", "title", "dataset")
    with open_for_writing(url) as storage:
        for number, odd in enumerate(ODD_VALUES):
            add_study(storage, f"all {number}/custom_cnn", **dict.fromkeys(keys, odd))
            dataset = dict.fromkeys(["name", "classes", "image_shape", "digests", "n_test"], odd)
            add_study(storage, f"inner {number}/retrained", dataset=dataset, test_labels=odd)
    for number, odd in enumerate(ODD_VALUES):
        assert read_study(url, f"all {number}").dataset.name == "unknown"
        record = read_study(url, f"inner {number}")
        assert record.dataset.name == (odd if isinstance(odd, str) else "unknown")
        assert record.test_labels == b""


def test_values_of_the_wrong_type_read_as_absent_and_odd_members_keep_their_places():
    record = trial_record(
        odd_trial(
            {
                "n_parameters": "many",
                "forward_flops": True,
                "seed": 1.5,
                "sampler": 3,
                "training_seconds": float("nan"),
                "training_loss": [0.5, None, "x", 0.25],
            },
            {2: 0.2, 1: 0.1},
        )
    )
    assert record.n_parameters is None
    assert record.forward_flops is None
    assert record.seed is None
    assert record.sampler is None
    assert record.training_seconds is None
    assert [str(loss) for loss in record.training_loss] == ["0.5", "nan", "nan", "0.25"]
    assert record.validation_accuracy == ((1, 0.1), (2, 0.2))


WHOLE = {"index": 3, "true": 1, "predicted": 0, "confidence": 0.9, "pixels": encode_bytes(b"ab")}


@pytest.mark.parametrize(
    "odd",
    [
        *({key: value for key, value in WHOLE.items() if key != left_out} for left_out in WHOLE),
        *(WHOLE | {key: -1} for key in WHOLE),
        *(WHOLE | {"confidence": value} for value in (1.01, float("nan"), "0.9", True)),
        *(WHOLE | {"pixels": value} for value in ("ab", encode_bytes(b""), [97, 98])),
        *(WHOLE | {"true": value} for value in (1.0, "cat", None)),
        *([], None, "mistake", 3),
    ],
)
def test_only_whole_mistakes_are_read(odd):
    mistake = Mistake(index=3, true=1, predicted=0, confidence=0.9, pixels=b"ab")
    trial = odd_result({"configuration": "winner", "mistakes": [odd, WHOLE, odd]})
    assert retrained_result(trial).mistakes == (mistake,)


@pytest.mark.parametrize(
    ("key", "odd"),
    [
        *((key, odd) for key in ("n_parameters", "forward_flops") for odd in (0, -1, 10**400)),
        ("seed", 2**63),
        ("training_seconds", -0.5),
    ],
)
def test_counts_and_times_out_of_range_read_as_absent(key, odd):
    assert getattr(trial_record(odd_trial({key: odd}, {})), key) is None


@pytest.mark.parametrize("value", [-0.1, 1.1, 1e308, float("inf"), -float("inf")])
def test_an_accuracy_outside_0_to_1_reads_as_absent(value):
    assert trial_record(odd_trial({}, {}, value=value)).value is None


def test_completed_models_with_odd_records_are_left_out_and_told_of(tmp_path, caplog):
    url = url_of(tmp_path / "studies.db")
    with open_for_writing(url) as storage:
        add_study(storage, "mine/retrained", values=(0.5, 0.6))
        add_study(storage, "mine/validated", values=(0.5,))
    record = read_study(url, "mine")
    assert (record.retrained, record.validated) == ((), ())
    assert [one.getMessage() for one in caplog.records if one.name.startswith("study")] == [
        "2 of the retrained models have odd records and are left out: trial 0, 1.",
        "1 of the validated models have odd records and are left out: trial 0.",
    ]


@pytest.mark.parametrize("state", [TrialState.FAIL, TrialState.PRUNED])
def test_only_a_completed_trial_has_a_value(state):
    value = 0.9 if state == TrialState.PRUNED else None
    assert trial_record(odd_trial({}, {1: 0.9}, state=state, value=value)).value is None
