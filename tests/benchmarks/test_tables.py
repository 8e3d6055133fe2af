from __future__ import annotations

import json

import pytest

from benchmarks import (
    augmentation,
    coverage,
    efficiency,
    overhead,
    startup,
    step_profile,
    throughput,
)
from benchmarks.tables import NOT_MEASURED, PAGES, README, TABLES, fill, section
from tests.benchmarks import results


def rows(tables):
    return {row[0]: list(row[1:]) for table in tables for row in table.rows}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_shows_what_the_results_say(page):
    text = page.read_text(encoding="utf-8")
    assert fill(text, results=PAGES[page]) == text


@pytest.mark.parametrize("name", TABLES)
def test_every_benchmark_has_a_place_in_the_readme(name):
    lines = README.read_text(encoding="utf-8").splitlines()
    assert lines.index(f"<!-- {name} -->") < lines.index(f"<!-- /{name} -->")


def test_a_result_without_a_place_on_its_page_is_an_error():
    with pytest.raises(ValueError, match="<!-- "):
        fill("# Benchmarks\n")


def test_a_benchmark_that_was_not_run_says_so(tmp_path):
    assert section("throughput", results=tmp_path) == NOT_MEASURED


SAMPLES = {
    "augmentation": results.augmentation(augmented=[11.0, 22.0]),
    "coverage": results.coverage(covered=0.95),
    "efficiency": results.efficiency(),
    "overhead": results.overhead(training=9.0, storage=1.0),
    "startup": results.startup(help_seconds=[0.2, 0.4]),
    "throughput": results.throughput(),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_section_has_its_tables_and_where_they_were_measured(name, tmp_path):
    (tmp_path / f"{name}.json").write_text(json.dumps(SAMPLES[name]))
    text = section(name, results=tmp_path)
    assert "Measured on 2026-01-02: Abacus, 2 cores, avx2, 8.0 GiB" in text
    for table in TABLES[name](SAMPLES[name]):
        assert table.title in text
        assert {len(row) for row in table.rows} == {len(table.columns)}


@pytest.mark.parametrize(("ours", "verdict"), [([1.0, 1.0], "2.00: met"), ([2.0, 1.0], "1.50")])
def test_ours_is_compared_with_keras_round_by_round(ours, verdict):
    table, *_ = throughput.tables(results.throughput(ours=ours))
    assert rows([table])["Keras as shipped"][0].startswith(verdict)


def test_pytorch_is_represented_by_its_fastest_contender():
    result = results.throughput(ours=[2.0, 2.0], torch_compiled=[1.0, 1.0])
    table, *_ = throughput.tables(result)
    assert rows([table])["PyTorch's fastest"][0] == "0.50: missed"


@pytest.mark.parametrize(
    ("augmented", "extra", "verdict"),
    [([11.0, 22.0], "10 %", "met"), ([10.0, 30.0], "25 (0 to 50) %", "missed")],
)
def test_augmentation_is_compared_with_the_same_training_without(augmented, extra, verdict):
    tables = augmentation.tables(results.augmentation(augmented=augmented))
    _, _, shown, target = rows(tables)["ours, one affine resampling"]
    assert shown == extra
    assert target.endswith(verdict)


@pytest.mark.parametrize(("help_seconds", "verdict"), [([0.2, 0.4], "met"), ([0.6], "missed")])
def test_start_up_is_compared_with_its_target(help_seconds, verdict):
    shown = rows(startup.tables(results.startup(help_seconds=help_seconds)))
    assert shown["python -m study --help"][1].endswith(verdict)
    assert shown["python -c pass"] == ["0.10", ""]


@pytest.mark.parametrize(
    ("training", "storage", "share", "verdict"),
    [(9.0, 1.0, "10.0 %", "met"), (3.0, 1.0, "25.0 %", "missed")],
)
def test_overhead_is_all_that_is_not_training(training, storage, share, verdict):
    tables = overhead.tables(results.overhead(training=training, storage=storage))
    shown, target = rows(tables)["of a median trial"]
    assert shown == share
    assert target.endswith(verdict)


def test_training_is_compared_with_the_product_whose_median_is_fastest():
    shown = rows(efficiency.tables(results.efficiency()))
    assert shown["the fastest product, float32"][0] == "150 (100 to 200)"
    assert shown["custom_cnn V3, float32"][1] == "38 (25 to 50) %"
    assert shown["convolutions, forward"] == ["75.0 %", "75.0 %"]
    assert shown["one step"] == ["40 ms", "40 ms"]


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        (
            "gradient_tape/while/custom_cnn_1/conv2d_5_1/convolution/Conv2DBackpropFilter"
            ":_MklNativeConv2DBackpropFilterWithBias",
            "convolutions, gradient of filters",
        ),
        ("while/alexnet_lite_1/re_lu_7_1/Relu:_MklNativeFusedConv2D", "convolutions, forward"),
        ("while/custom_cnn_1/conv2d_1/convolution:Conv2D", "convolutions, forward"),
        (
            "while/custom_cnn_1/fused_batch_normalization_1/FusedBatchNormV3:FusedBatchNormV3",
            "batch normalization",
        ),
        ("while/custom_cnn_1/byte_dropout_1/SelectV2:SelectV2", "dropout"),
        ("while/alexnet_lite_1/dense_1/Relu:_MklNativeFusedMatMul", "dense layers"),
        ("while/MatMul_53:_MklMatMul", "optimizer, matrix products"),
        ("while/GatherV2:GatherV2", "images of a batch"),
        ("while/mul_79:Mul", "optimizer and weight averages, the rest"),
    ],
)
def test_an_operation_is_counted_by_its_kind(operation, kind):
    assert step_profile.by_kind([(operation, 1.0), (operation, 2.0)]) == {kind: 3.0}


def test_the_verdicts_worst_and_best_settings_are_shown():
    verdicts, found, *_ = coverage.tables(results.coverage(covered=0.951))
    assert rows([verdicts])["3"] == ["90.0 % to 95.1 %", "95.1 % to 95.1 %", "4.0 % to 5.0 %"]
    assert "20 studies each" in verdicts.title
    assert rows([found])["0.1, 0.5"] == ["50", "62.0 %"]


def test_simulated_intervals_are_counted_as_covering_where_they_hold_the_truth():
    found = coverage.hits_covered(20)
    assert set(found) == {"sample draw", "seed", "test images"}
    for part in found.values():
        assert 0.5 <= part["covered"] <= 1
        assert part["mean_share_of_truth"] == pytest.approx(1, abs=0.6)
