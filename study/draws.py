"""Other samples of the training split, to tell how much a result depends on the one that was drawn.

What a benchmark's result owes to the choice of its training images is often more than what it owes
to seeds (Bouthillier et al. 2021, "Accounting for variance in machine learning benchmarks").
"""

from __future__ import annotations

from study.config import StudyConfig
from study.datasets import DATASETS, Sample, draw_sample
from study.seeds import draw_seed


def sample_of_draw(config: StudyConfig, draw: int) -> Sample:
    """Load the training split and return another sample of it, of the size of the study's own.

    Args:
        config: Of the study.
        draw: Which; that of 0 is the one that was searched with.

    Raises:
        DatasetError: If the images cannot be had.
    """
    dataset = DATASETS[config.dataset]
    return draw_sample(
        dataset.load_training(config.data_dir),
        n_classes=dataset.n_classes,
        fraction=config.search.fraction,
        seed=draw_seed(config.search.seed, draw),
    )
