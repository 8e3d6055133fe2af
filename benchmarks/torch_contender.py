"""A contender: the same network trained by PyTorch; needs PyTorch and NumPy alone.

    python -m benchmarks.torch_contender '{"family": "custom_cnn", "n_images": 9984,
        "precision": "bfloat16", "tuned": true, "compiled": false}'

"precision" is "float32", "bfloat16" (autocast: weights stay float32) or "bfloat16 weights". Not
"tuned" is what the tutorials write; "tuned" is what PyTorch's performance guide advises on a CPU:
channels last, images kept in one tensor, a fused optimizer, no denormal numbers. "compiled" adds
`torch.compile`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.torch_networks import NETWORKS
from benchmarks.worker import Turns
from benchmarks.workload import MAX_EPOCHS, Workload


def main() -> None:
    """Train an epoch whenever one is asked for."""
    spec = json.loads(sys.argv[1])
    workload = Workload.of(spec)
    torch.manual_seed(0)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.set_flush_denormal(spec["tuned"])
    trainer = Trainer(workload, spec)
    turns = Turns(
        {
            "n_parameters": count_parameters(trainer.model),
            "precision": spec["precision"],
            "versions": {"torch": torch.__version__},
        }
    )
    while True:
        turns.wait()
        trainer.run_epoch()


def count_parameters(model: nn.Module) -> int:
    """Return the model's weights with batch normalization's averages, as Keras counts them."""
    buffers = [b for name, b in model.named_buffers() if name.endswith(("mean", "var"))]
    return sum(array.numel() for array in (*model.parameters(), *buffers))


class Trainer:
    """The network with its optimizer, schedule and images."""

    def __init__(self, workload: Workload, spec: dict[str, Any]) -> None:
        """Build all of it; `spec` is explained at the top of this file."""
        params = workload.params
        self._workload = workload
        self._tuned = spec["tuned"]
        self._autocast = spec["precision"] == "bfloat16"
        self._dtype = torch.bfloat16 if spec["precision"] == "bfloat16 weights" else torch.float32
        self.model = NETWORKS[workload.family](params, fast_normalization=self._tuned)
        self.model.to(self._dtype)
        if self._tuned:
            self.model.to(memory_format=torch.channels_last)
        self._forward = torch.compile(self.model) if spec["compiled"] else self.model
        self._loss = nn.CrossEntropyLoss(label_smoothing=params["label_smoothing"])
        self._optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=params["learning_rate"],
            weight_decay=params["weight_decay"],
            fused=True if self._tuned else None,
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer,
            max_lr=params["learning_rate"],
            total_steps=MAX_EPOCHS * workload.n_steps,
            pct_start=0.2,
            anneal_strategy="linear",
        )
        images, labels = workload.images()
        # A view of images whose channels come last is PyTorch's channels_last format already.
        self._images = torch.from_numpy(images).permute(0, 3, 1, 2)
        self._labels = torch.from_numpy(labels).long()
        if not self._tuned:
            self._images = (self._images / 127.5 - 1.0).contiguous()
            data = TensorDataset(self._images, self._labels)
            self._loader = DataLoader(data, batch_size=workload.batch_size, shuffle=True)

    def run_epoch(self) -> float:
        """Train one epoch and return the mean loss."""
        total = torch.zeros(())
        for images, labels in self._batches() if self._tuned else self._loader:
            self._optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._autocast):
                loss = self._loss(self._forward(images.to(self._dtype)), labels)
            loss.backward()
            self._optimizer.step()
            self._schedule.step()
            total += loss.detach().float()
        return float(total) / self._workload.n_steps

    def _batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for indexes in torch.randperm(len(self._labels)).split(self._workload.batch_size):
            images = self._images[indexes].to(memory_format=torch.channels_last)
            yield images.float().mul_(1 / 127.5).sub_(1.0), self._labels[indexes]


if __name__ == "__main__":
    main()
