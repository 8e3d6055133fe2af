"use strict";
const look = JSON.parse(document.getElementById("look").textContent);
const DARK = new Map(Object.entries(look.dark));
const OPTIONS = {
  responsive: true,
  displaylogo: false,
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
};
// What an A4 page has room for beside headings, in pixels; a caption leaves a chart `least` of it.
const PAPER = { width: 680, height: 880, least: 560 };

const root = document.documentElement;
const button = document.getElementById("dark");
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.colours ?? (prefersDark.matches ? "dark" : "light")) === "dark";

function dark(value, key = "") {
  if (Array.isArray(value)) return value.map((one) => dark(one, key));
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, dark(one, name)]));
  // Texts stay as they are: only what is stored as a colour is one.
  return /color/.test(key) ? (DARK.get(value) ?? value) : value;
}

function draw(source, { onPaper = false } = {}) {
  const figure = JSON.parse(source.textContent);
  const { data, layout } = isDark() && !onPaper ? dark(figure) : figure;
  const place = document.getElementById(source.dataset.figure);
  // The page has a heading of its own above each figure.
  layout.title.text = "";
  layout.margin.t -= look.titlePixels;
  layout.height -= look.titlePixels;
  // Whatever the reader has zoomed in on or hidden stays so.
  layout.uirevision = true;
  let scale = 1;
  if (onPaper) {
    const caption = place.closest("figure").querySelector("figcaption").offsetHeight;
    scale = Math.max(1, layout.height / Math.max(PAPER.height - caption, PAPER.least));
    layout.width = PAPER.width * scale;
  }
  place.style.zoom = 1 / scale;
  return Plotly.react(place, data, layout, OPTIONS);
}

const sources = [...document.querySelectorAll("script[data-figure]")];
const drawAll = (options) => Promise.all(sources.map((source) => draw(source, options)));

// A phone shows no scrollbar until it is used.
function noteOverflows() {
  for (const box of document.querySelectorAll(".scroll"))
    box.toggleAttribute("data-overflows", box.scrollWidth > box.clientWidth + 1);
}
addEventListener("resize", noteOverflows);

function recolour() {
  button.setAttribute("aria-checked", String(isDark()));
  return drawAll({ onPaper: isOnPaper });
}
button.hidden = false;
button.addEventListener("click", () => {
  root.dataset.colours = isDark() ? "light" : "dark";
  recolour();
});
prefersDark.addEventListener("change", recolour);
// A program that prints the page opens it as if on paper: what is drawn then need not be again.
const isOnPaper = matchMedia("print").matches;
if (!isOnPaper) {
  addEventListener("beforeprint", () => drawAll({ onPaper: true }));
  addEventListener("afterprint", () => drawAll());
}
// Whoever opens the page by a program, to print it for instance, waits for this.
globalThis.drawn = recolour().then(noteOverflows);
