from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from sklearn.datasets import load_digits

from study.datasets import DATASETS, default_data_dir
from study.datasets.base import Dataset, Images
from study.datasets.digests import ARRAY_NAMES, DIGESTS
from study.datasets.digits import DIGITS, enlarge
from study.datasets.mnist import MNIST
from tests.study.datasets_stand_ins import digests_of, tiny_arrays, write_npz

EVERY_DATASET = pytest.mark.parametrize("dataset", DATASETS.values(), ids=lambda item: item.name)


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with tiny stand-ins for the datasets that are not embedded."""
    for name in ("cifar10", "mnist"):
        arrays = tiny_arrays(name)
        monkeypatch.setitem(DIGESTS, name, digests_of(arrays))
        write_npz(tmp_path / f"{name}.npz", arrays)
    return tmp_path


@EVERY_DATASET
@pytest.mark.parametrize("split", ["training", "test"])
def test_a_split_has_uint8_images_of_the_declared_shape_and_every_class(
    dataset: Dataset, split: str, data_dir: Path
) -> None:
    images: Images = getattr(dataset, f"load_{split}")(data_dir)
    assert images.images.dtype == images.labels.dtype == np.uint8
    assert images.images.shape == (len(images), *dataset.image_shape)
    assert images.image_shape == dataset.image_shape
    assert images.image_shape[:2] == (32, 32)
    assert set(images.labels.tolist()) == set(range(dataset.n_classes))
    assert images.images.min() == 0
    assert images.images.max() == 255


@EVERY_DATASET
def test_training_and_test_split_are_loaded_apart(dataset: Dataset, data_dir: Path) -> None:
    training, test = dataset.load_training(data_dir), dataset.load_test(data_dir)
    sizes = {name: digest.shape[0] for name, digest in DIGESTS[dataset.name].items()}
    assert len(training) == sizes["x_train"] == sizes["y_train"]
    assert len(test) == sizes["x_test"] == sizes["y_test"]
    seen = {image.tobytes() for image in training.images}
    assert not seen & {image.tobytes() for image in test.images}


@EVERY_DATASET
def test_loading_twice_gives_the_same(dataset: Dataset, data_dir: Path) -> None:
    first, second = dataset.load_training(data_dir), dataset.load_training(data_dir)
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.labels, second.labels)


@EVERY_DATASET
def test_a_dataset_names_its_classes_and_digests(dataset: Dataset) -> None:
    assert dataset.n_classes == len(set(dataset.classes)) == 10
    assert tuple(dataset.digests) == ARRAY_NAMES
    assert all(len(bytes.fromhex(digest)) == 32 for digest in dataset.digests.values())
    assert DATASETS[dataset.name] is dataset


def test_only_photographs_may_be_flipped() -> None:
    assert {name for name, dataset in DATASETS.items() if dataset.flips} == {"cifar10"}


def test_mnist_lies_in_the_middle_of_a_black_frame(data_dir: Path) -> None:
    images = MNIST.load_test(data_dir).images
    np.testing.assert_array_equal(images[:, 2:30, 2:30, 0], tiny_arrays("mnist")["x_test"])
    assert images.sum() == tiny_arrays("mnist")["x_test"].sum()


def test_digits_are_scikit_learns_without_one_lost_or_repeated(tmp_path: Path) -> None:
    splits = [DIGITS.load_training(tmp_path), DIGITS.load_test(tmp_path)]
    got = sorted(
        (int(label), image.tobytes())
        for images in splits
        for image, label in zip(images.images, images.labels, strict=True)
    )
    official = load_digits()
    scaled = np.floor(official.images * (255 / 16) + 0.5).astype(np.uint8)
    wanted = sorted(
        (int(label), np.kron(image, np.ones((4, 4), np.uint8)).tobytes())
        for image, label in zip(scaled, official.target, strict=True)
    )
    assert got == wanted


def test_a_fifth_of_each_digit_is_for_testing(tmp_path: Path) -> None:
    training = np.bincount(DIGITS.load_training(tmp_path).labels)
    test = np.bincount(DIGITS.load_test(tmp_path).labels)
    np.testing.assert_array_less(np.abs(test - 0.2 * (training + test)), 0.51)


def test_digits_need_no_data_folder(tmp_path: Path) -> None:
    assert len(DIGITS.load_training(tmp_path / "missing")) == 1438
    assert not (tmp_path / "missing").exists()


def test_the_darkest_and_the_brightest_grey_become_black_and_white() -> None:
    images = np.zeros((1, 8, 8), dtype=np.uint8)
    images[0, 0, 0] = 16
    enlarged = enlarge(images)
    assert enlarged.shape == (1, 32, 32, 1)
    assert (enlarged[0, :4, :4] == 255).all()
    assert enlarged.sum() == 16 * 255


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (np.zeros((2, 8, 8, 1), np.float32), np.zeros(2, np.uint8)),
        (np.zeros((2, 8, 8, 1), np.uint8), np.zeros(2, np.int64)),
        (np.zeros((2, 8, 8), np.uint8), np.zeros(2, np.uint8)),
        (np.zeros((2, 8, 8, 1), np.uint8), np.zeros(3, np.uint8)),
        (np.zeros((2, 8, 8, 1), np.uint8), np.zeros((2, 1), np.uint8)),
    ],
)
def test_images_of_another_dtype_or_shape_are_refused(
    images: np.ndarray, labels: np.ndarray
) -> None:
    with pytest.raises(ValueError, match="Expected"):
        Images(images=images, labels=labels)


def test_the_data_folder_comes_from_the_environment_or_is_the_users_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STUDY_DATA_DIR", str(tmp_path))
    assert default_data_dir() == tmp_path
    monkeypatch.setenv("STUDY_DATA_DIR", "")
    assert default_data_dir().is_relative_to(platformdirs.user_cache_path())


def test_importing_the_datasets_loads_no_heavy_library() -> None:
    heavy = {"tensorflow", "keras", "sklearn", "PIL", "pandas"}
    code = f"import sys, study.datasets; print({heavy!r} & set(sys.modules) or 'light')"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert shown.stdout.strip() == "light"
