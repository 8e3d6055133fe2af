"""Run the notebook and keep its outputs: `python -m notebooks.refresh`.

A site that shows notebooks runs none of their scripts and would leave Plotly's figures blank, so
they are kept as pictures. Drawing them takes Chrome or Chromium.
"""

from __future__ import annotations

import base64
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import plotly.graph_objects as go
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image
from traitlets.config import Config

from analysis.png import write_pictures

NOTEBOOK = Path(__file__).with_name("study.ipynb")
MAX_SECONDS = 600
"""Of a cell."""

N_COLOURS = 128
"""As many as a picture of a chart needs; it takes a third of the space then."""

FIGURE, PICTURE = "application/vnd.plotly.v1+json", "image/png"


def executed(notebook: Path) -> NotebookNode:
    """Return a notebook with the outputs of running it in its folder, figures as Plotly's JSON.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell fails.
    """
    node = nbformat.read(notebook, as_version=4)
    with tempfile.TemporaryDirectory() as sockets:
        # Not over the network: whoever reaches a kernel has it run what he likes.
        connection = {"transport": "ipc", "ip": f"{sockets}/kernel"}
        client = NotebookClient(
            node,
            timeout=MAX_SECONDS,
            startup_timeout=MAX_SECONDS,
            kernel_name="python3",
            record_timing=False,  # Times would differ at every run.
            config=Config({"KernelManager": connection}),
            resources={"metadata": {"path": str(notebook.parent)}},
        )
        client.execute(env=os.environ | {"PLOTLY_RENDERER": "plotly_mimetype"})
    return node


def with_pictures(node: NotebookNode) -> NotebookNode:
    """Put a picture in the place of each figure of an executed notebook, and return it.

    Raises:
        SystemExit: If no browser can draw them.
    """
    outputs = {f"figure-{place}": output for place, output in enumerate(_with_figures(node))}
    figures = {name: go.Figure(output.data[FIGURE]) for name, output in outputs.items()}
    with tempfile.TemporaryDirectory() as folder:
        pictures, problem = write_pictures(figures, Path(folder))
        if problem:
            raise SystemExit(f"error: the figures cannot be drawn: {problem}")
        for name, output in outputs.items():
            output.data = NotebookNode({PICTURE: _encoded(pictures[name])})
    return node


def _with_figures(node: NotebookNode) -> Iterator[NotebookNode]:
    for cell in node.cells:
        for output in cell.get("outputs", []):
            if FIGURE in output.get("data", {}):
                yield output


def _encoded(path: Path) -> str:
    small = io.BytesIO()
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(N_COLOURS, dither=Image.Dither.NONE).save(
            small, "PNG", optimize=True
        )
    return base64.b64encode(small.getvalue()).decode("ascii")


def main() -> None:
    """Renew the outputs of the notebook in this folder."""
    kept = nbformat.read(NOTEBOOK, as_version=4)
    node = with_pictures(executed(NOTEBOOK))
    # Versions and the like that a run adds would change with every machine.
    node.metadata = kept.metadata
    nbformat.write(node, NOTEBOOK)


if __name__ == "__main__":
    main()
