// Colours of numbers. Each ramp runs from the page's ground to a strong end, so that nothing is loud but what is large, in
// both themes; the stops are even in lightness.

import { onRedraw } from "./redraw.js";

const ramps = {
  light: {
    heat: ["#f3f1ec", "#cfe3dc", "#93c9bf", "#4fa9a3", "#1f8088", "#185a73", "#182f55"],
    attention: ["#f6f4ef", "#e6d8ef", "#c9a9df", "#a376c9", "#7c45ab", "#571f86", "#33095a"],
    against: ["#8c3a12", "#c8703a", "#e8b48c", "#f4f1ec", "#93b9dc", "#3f7ab8", "#15457f"],
  },
  dark: {
    heat: ["#1e2223", "#1d3a45", "#1f5a66", "#2b8079", "#55a87f", "#9ccb74", "#f2ee9c"],
    attention: ["#1e2022", "#33254d", "#553080", "#8142ad", "#b262cf", "#dc94e2", "#fbdcf2"],
    against: ["#f5a76c", "#c8713b", "#7d4a2c", "#232626", "#2f5577", "#4c8ec8", "#9fd0fa"],
  },
};

/** What the theme says is asked once, not for each of a hundred thousand cells. */
let dark = null;
const named = new Map();
const tables = new Map();
const pictures = new Map();
onRedraw(() => { dark = null; named.clear(); tables.clear(); pictures.clear(); });

const parse = (hex) => [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));
export function isDark() {
  const chosen = dark === null ? document.documentElement.dataset.theme : "";
  dark ??= chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  return dark;
}

/** 256 colours of a ramp in the theme that is shown, as [r, g, b]. */
function table(name) {
  if (!tables.has(name)) {
    const stops = ramps[isDark() ? "dark" : "light"][name].map(parse);
    tables.set(name, Array.from({ length: 256 }, (_, index) => {
      const place = (index / 255) * (stops.length - 1);
      const low = Math.min(Math.floor(place), stops.length - 2);
      return stops[low].map((value, channel) => Math.round(value + (stops[low + 1][channel] - value) * (place - low)));
    }));
  }
  return tables.get(name);
}

/** The colour of a share between 0 and 1; of `against` between -1 and 1. */
export function colour(name, share) {
  const place = name === "against" ? (share + 1) / 2 : share;
  return table(name)[Math.round(Math.min(Math.max(Number.isFinite(place) ? place : 0, 0), 1) * 255)];
}

export const css = ([red, green, blue]) => `rgb(${red}, ${green}, ${blue})`;

const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);

/** Relative luminance, by WCAG 2. */
export function luminance([red, green, blue]) {
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** Black or white, whichever is read more easily on a colour. */
export function inkOn(ground) {
  return luminance(ground) > 0.179 ? "#000000" : "#ffffff";
}

/** A colour of the theme, such as `--ink`. */
export function themed(name) {
  if (!named.has(name)) named.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return named.get(name);
}

/** A ramp as 256 pixels of a picture. */
export function pixels(name) {
  if (!pictures.has(name)) {
    const bytes = new Uint8ClampedArray(256 * 4);
    table(name).forEach((one, index) => bytes.set([...one, 255], index * 4));
    pictures.set(name, new Uint32Array(bytes.buffer));
  }
  return pictures.get(name);
}

/** Draws a ramp's legend, once a theme. */
export function drawRamp(canvas, name) {
  const drawn = `${name} ${isDark()}`;
  if (canvas.dataset.drawn === drawn) return;
  canvas.dataset.drawn = drawn;
  const context = canvas.getContext("2d");
  for (let column = 0; column < canvas.width; column++) {
    const share = column / (canvas.width - 1);
    context.fillStyle = css(colour(name, name === "against" ? share * 2 - 1 : share));
    context.fillRect(column, 0, 1, canvas.height);
  }
}
