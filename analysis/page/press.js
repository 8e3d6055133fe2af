"use strict";
// What the browser is told that draws a report's figures and prints its page; see browser.py. It has
// opened the page without its content, as if on paper.

const content = () => document.getElementById("content");

// Draws a figure and returns its picture.
async function addFigure(html, scale) {
  content().insertAdjacentHTML("beforeend", html);
  const source = content().lastElementChild.querySelector("script[data-figure]");
  await draw(source, { onPaper: true });
  const place = document.getElementById(source.dataset.figure);
  // What is printed is a copy (of SVG: a canvas would be empty in it): for a picture Plotly takes
  // the drawing apart.
  place.replaceWith(place.cloneNode(true));
  return pictureOf(place, JSON.parse(source.textContent).layout.title.text, scale);
}

// Of the figure as it stands on the page, which is quicker than to draw it anew; there the page's
// heading is its title, here it has room for its own.
async function pictureOf(place, title, scale) {
  const { width, height, paper_bgcolor: background } = place._fullLayout;
  const image = new Image();
  const svg = Plotly.Snapshot.toSVG(place, "png", scale);
  image.src = "data:image/svg+xml," + encodeURIComponent(svg);
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = width * scale;
  canvas.height = (height + look.titlePixels) * scale;
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.fillStyle = background;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, look.titlePixels, width, height);
  const { font, pad } = place._fullLayout.title;
  context.font = `${font.weight} ${font.size}px ${font.family}`;
  context.fillStyle = font.color;
  context.textBaseline = "top";
  const text = new DOMParser().parseFromString(title, "text/html").body.textContent;
  context.fillText(text, pad.l, pad.t, width - 2 * pad.l);
  return canvas.toDataURL("image/png");
}

// Shows the page's content; figures that were drawn take their places.
function setPage(title, html) {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  document.adoptNode(body);
  const places = new Map([...body.querySelectorAll(".chart")].map((place) => [place.id, place]));
  for (const chart of content().querySelectorAll(".chart"))
    places.get(chart.id)?.replaceWith(chart);
  document.body.replaceWith(body);
  document.title = title;
}
