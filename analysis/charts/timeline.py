"""When each trial ran: gaps, stragglers and interruptions of a search."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis import theme, thinning
from analysis.charts.base import Chart
from analysis.clock import LONGEST_PAUSE_MINUTES, Break, clock
from analysis.evidence import Evidence
from analysis.labels import duration, family_label, percent, trial_label

TITLE = "When each trial ran"
X, Y = "minutes since the first start, breaks left out", "trial"
NO_TIMES = "no starts and ends are recorded"
# Colours that stand for no family, dark enough for thin bars.
COLOURS = {"COMPLETE": "#009E73", "PRUNED": theme.MUTED, "FAIL": theme.INK}
PIXELS_PER_TRIAL, LEAST_PIXELS, MOST_PIXELS = 7, 120, 360
WIDEST_BAR = 5.0
MAX_WRITTEN_BREAKS = 6


class Timeline(NamedTuple):
    """The bars and what they add up to.

    Attributes:
        families: In the order of the panels.
        bars: One row a finished trial: `family`, `trial`, `state`, `label`, `accuracy` (%, the
            last one; NaN if there is none), `training_seconds`, and in minutes without breaks
            `start`, `trained` (start plus training time, at most `end`) and `end`.
        breaks: Times in which nobody trained.
        total_minutes: From the first start to the last end, without the breaks.
        workers: Processes that trained; None where that is not recorded.
    """

    families: tuple[str, ...]
    bars: pd.DataFrame
    breaks: tuple[Break, ...]
    total_minutes: float
    workers: int | None


def compute(evidence: Evidence) -> Timeline:
    """Return the bars of all trials whose start and end are known."""
    known = evidence.trials[evidence.trials["state"].isin(list(COLOURS))]
    known = known.dropna(subset=["started", "finished"])
    if known.empty:
        empty = pd.DataFrame(columns=["family", "trial", "state", "start", "trained", "end"])
        return Timeline(evidence.families, empty, (), 0.0, None)
    first = known["started"].min()
    start, end = (_minutes(known[name] - first) for name in ("started", "finished"))
    end = np.maximum(start, end)  # A clock may have been set back.
    trained = known["training_seconds"].to_numpy(float) / 60
    shown = clock(start, end, trained)
    # Training is laid from the start on; through a break it goes on behind it.
    bar_start, bar_end = shown(start), shown(end)
    bars = pd.DataFrame(
        {
            "family": list(known["family"]),
            "trial": list(known["trial"]),
            "state": list(known["state"]),
            "label": list(map(trial_label, known["trial"], known["sampler"].fillna(""))),
            "accuracy": list(100 * known["last_validation_accuracy"]),
            "training_seconds": list(known["training_seconds"]),
            "start": bar_start,
            "trained": np.fmin(bar_end, bar_start + trained),
            "end": bar_end,
        }
    )
    return Timeline(evidence.families, bars, shown.breaks, shown.total, _workers(evidence))


def draw(computed: Timeline) -> go.Figure:
    """Draw a panel per family and a bar a trial, breaks as upright lines through all panels."""
    if computed.bars.empty:
        return theme.empty(TITLE, NO_TIMES, x=X, y=Y)
    bars = [computed.bars[computed.bars["family"] == family] for family in computed.families]
    heights = [min(max(PIXELS_PER_TRIAL * len(own), LEAST_PIXELS), MOST_PIXELS) for own in bars]
    drawing = theme.panels(
        TITLE,
        heights=heights,
        row_gap=50,
        names=[family_label(family) for family in computed.families],
        shared_xaxes="all",
    )
    for row, (own, height) in enumerate(zip(bars, heights, strict=True), start=1):
        if own.empty:
            theme.explain(drawing, NO_TIMES, row=row, col=1)
            continue
        width = min(max(0.7 * height / len(own), 1.0), WIDEST_BAR)
        for state, of_state in own.groupby("state"):
            _add_state(drawing, of_state, str(state), width, row)
        drawing.update_yaxes(range=[own["trial"].max() + 1, own["trial"].min() - 1], row=row)
    for state in [state for state in COLOURS if state in set(computed.bars["state"])]:
        marker = {"symbol": theme.STATE_SYMBOLS[state], **_colours(state)}
        line = {"color": COLOURS[state], "width": WIDEST_BAR}
        theme.add_key(drawing, theme.STATE_LABELS[state], marker=marker, line=line)
    _add_breaks(drawing, computed)
    drawing.update_xaxes(range=[-0.01 * computed.total_minutes, 1.02 * computed.total_minutes])
    drawing.update_xaxes(title_text=X, row=len(bars))
    return drawing.update_yaxes(title_text=Y, showgrid=False)


def words(computed: Timeline) -> str:
    """Say how long the search took, how much of that was training, and which trial was longest."""
    if computed.bars.empty:
        return ""
    seconds = 60 * computed.total_minutes
    text = f"From the first start to the last end the search took {duration(seconds)}"
    if computed.breaks:
        left_out = duration(60 * sum(one.minutes for one in computed.breaks))
        text += f", without breaks of {left_out} in all"
    trained = computed.bars["training_seconds"]
    if trained.isna().all():
        return f"{text}. How long trials trained is not recorded."
    longest = computed.bars.loc[trained.idxmax()]
    text += f". Training and scoring took {duration(trained.sum())}, all trials together"
    if computed.workers and seconds > 0:
        text += _share_in_words(trained.sum() / (seconds * computed.workers), computed.workers)
    return (
        f"{text}. The longest trial was {longest['label']} of {family_label(longest['family'])}: "
        f"{duration(longest['training_seconds'])}."
    )


def _share_in_words(share: float, workers: int) -> str:
    of_whom = "of the one worker's time" if workers == 1 else f"of the time of {workers} workers"
    text = f": {percent(share, digits=0)} {of_whom}"
    if share > 1:
        return (
            f"{text}. More than all, as a worker that is to be replaced ends its last trial while "
            "its successor begins another"
        )
    return f"{text}; the rest went into proposing, building and tracing models, and waiting"


def _minutes(difference: pd.Series) -> np.ndarray:
    return np.asarray(pd.to_timedelta(difference).dt.total_seconds(), dtype=float) / 60


def _workers(evidence: Evidence) -> int | None:
    """Return how many processes trained at a time: they serve all families."""
    recorded = [family.settings.get("workers") for family in evidence.study.families]
    known = [one for one in recorded if isinstance(one, int) and one > 0]
    return max(known, default=None)


def _colours(state: str) -> dict[str, Any]:
    return {"color": COLOURS[state], "line": {"color": COLOURS[state], "width": 1.5}}


def _add_state(drawing: go.Figure, bars: pd.DataFrame, state: str, width: float, row: int) -> None:
    """Add all bars of a state: thin ones to the end, thick ones while training, and symbols."""
    trained = bars["trained"].fillna(bars["end"])
    for until, line_width, opacity in ((bars["end"], 0.5, 0.5), (trained, width, 1.0)):
        # One path for all: a browser would make an element of each piece of a broken line.
        drawing.add_shape(
            type="path",
            path=_path(bars["trial"], bars["start"], until),
            line={"color": COLOURS[state], "width": line_width},
            opacity=opacity,
            row=row,
            col=1,
        )
    symbols = bars.assign(at=trained).iloc[thinning.shown(list(bars["accuracy"]))]
    drawing.add_scatter(
        x=symbols["at"].round(2),
        y=symbols["trial"],
        customdata=[_note(bar) for _, bar in symbols.iterrows()],
        mode="markers",
        marker={"symbol": theme.STATE_SYMBOLS[state], "size": 6, **_colours(state)},
        showlegend=False,
        hovertemplate="%{customdata}<extra></extra>",
        row=row,
        col=1,
    )


def _path(trials: pd.Series, starts: pd.Series, ends: pd.Series) -> str:
    """Return level strokes as an SVG path in the units of the axes."""
    strokes = zip(trials, starts, ends, strict=True)
    return "".join(f"M{start:.3f},{trial}H{end:.3f}" for trial, start, end in strokes)


def _note(bar: pd.Series) -> str:
    known = [f"{theme.plain(bar['label'])}, {theme.STATE_LABELS[bar['state']]}"]
    known.append(f"from minute {bar['start']:.1f} to {bar['end']:.1f}")
    if np.isfinite(bar["training_seconds"]):
        known.append(f"trained for {duration(bar['training_seconds'])}")
    if np.isfinite(bar["accuracy"]):
        known.append(f"{bar['accuracy']:.1f} %")
    return "<br>".join(known)


def _add_breaks(drawing: go.Figure, computed: Timeline) -> None:
    for one in computed.breaks:
        drawing.add_vline(x=one.at, line={"color": theme.INK, "width": 1, "dash": "dot"})
    # More would cover each other.
    if len(computed.breaks) <= MAX_WRITTEN_BREAKS:
        for one in computed.breaks:
            drawing.add_annotation(
                text=f"break of {duration(60 * one.minutes)}",
                x=one.at,
                y=1,
                yref="y domain",
                xanchor="left",
                yanchor="top",
                textangle=90,
                showarrow=False,
                font={"size": 10, "color": theme.INK},
                row=1,
                col=1,
            )


CHART = Chart(
    name="timeline",
    title=TITLE,
    caption=(
        "Each bar is one trial. Its thick part is as long as the trial trained, laid from its "
        "start as if without a pause; the symbol says how it ended, and the thin line goes on to "
        "when it did. Where trials pause to be compared, as in successive halving, they wait "
        "between their stays in a worker: bars overlap, training lies further apart than it is "
        "drawn, and a trial that never goes on ends with the search. White space between starts "
        "is time in which workers went on with older trials, or idled. Where nobody seems to have "
        f"trained for {LONGEST_PAUSE_MINUTES:.0f} minutes, the clock stands still, and a dotted "
        "line marks the break. All bars are drawn; of more than "
        f"{thinning.MOST_TRIALS} of one state, some have no symbol to point at."
    ),
    section="search",
    compute=compute,
    draw=draw,
    words=words,
    min_width_pixels=560,
)
