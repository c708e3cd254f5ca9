// The crosshair of a chart: the values of the slot under the pointer, or of the one that the arrow keys lead to.

import { element, elements, now } from "./page.js";
import { moment } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
/** @type {Map<string, number>} */
const places = new Map();

/** Start the crosshairs of all charts of the page. */
export function start() {
  document.addEventListener("pointermove", ({ target, clientX }) => {
    const plot = plotOf(target);
    for (const other of plots()) if (other !== plot && !other.matches(":focus")) hide(other);
    if (!plot) return;
    const { left, width } = element(".canvas", plot).getBoundingClientRect();
    if (clientX >= left && clientX <= left + width) show(plot, Math.floor(((clientX - left) / width) * slots(plot).count));
  });
  document.addEventListener("keydown", (event) => {
    const plot = plotOf(event.target);
    if (!plot || event.ctrlKey || event.altKey || event.metaKey) return;
    const last = slots(plot).count - 1;
    const at = places.get(name(plot)) ?? last + 1;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(plot, to);
  });
  document.addEventListener("focusout", ({ target }) => {
    const plot = plotOf(target);
    if (plot) hide(plot);
  });
}

/** @param {HTMLElement} plot @param {number} wanted */
function show(plot, wanted) {
  const { begin, length, count } = slots(plot);
  const place = Math.min(count - 1, Math.max(0, wanted));
  places.set(name(plot), place);
  const at = begin + place * length;
  const figure = element("figure.chart", plot.closest("[data-part]") ?? document);
  const row = figure.querySelector(`tr[data-slot="${at}"]`);
  const columns = [...figure.querySelectorAll("thead th")].slice(1).map((cell) => cell.textContent);
  const values = row ? [...row.querySelectorAll("td")].map((cell, index) => `${columns[index]} ${cell.textContent}`) : ["nothing"];
  const words = element("[data-role=values]", figure);
  words.textContent = `${moment(at, now())}: ${values.join(", ")}`;
  words.hidden = false;
  draw(plot, (place + 0.5) / count);
}

/** @param {HTMLElement} plot */
function hide(plot) {
  if (!places.delete(name(plot))) return;
  plot.querySelector(".crosshair")?.remove();
  element("[data-role=values]", plot.closest("figure") ?? document).hidden = true;
}

/** @param {HTMLElement} plot @param {number} share */
function draw(plot, share) {
  const drawing = plot.querySelector("svg");
  if (!drawing) return;
  const line = drawing.querySelector(".crosshair") ?? document.createElementNS(SVG, "polyline");
  const { width, height } = drawing.viewBox.baseVal;
  const x = (share * width).toFixed(2);
  line.setAttribute("class", "crosshair");
  line.setAttribute("vector-effect", "non-scaling-stroke");
  line.setAttribute("points", `${x},0 ${x},${height}`);
  drawing.append(line);
}

/** @param {HTMLElement} plot */
function slots(plot) {
  const [begin = 0, length = 1, count = 1] = (plot.dataset.slots ?? "").split(" ").map(Number);
  return { begin, length, count };
}

/** @param {HTMLElement} plot */
function name(plot) {
  return plot.dataset.chart ?? "";
}

function plots() {
  return elements(".plot");
}

/** @param {EventTarget | null} target @returns {HTMLElement | null} */
function plotOf(target) {
  return target instanceof Element ? target.closest(".plot") : null;
}
