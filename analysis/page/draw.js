"use strict";
for (const source of document.querySelectorAll("script[data-figure]")) {
  const { data, layout } = JSON.parse(source.textContent);
  const place = document.getElementById(source.dataset.figure);
  Plotly.newPlot(place, data, layout, {
    responsive: true,
    displaylogo: false,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
  });
}

// A printed page is narrower than the window that the charts were fitted to.
const PRINTED_WIDTH = 680;
const charts = () => document.querySelectorAll(".chart.plotly");
addEventListener("beforeprint", () => {
  for (const chart of charts()) Plotly.relayout(chart, { width: PRINTED_WIDTH });
});
addEventListener("afterprint", () => {
  for (const chart of charts()) Plotly.relayout(chart, { width: null, autosize: true });
});
