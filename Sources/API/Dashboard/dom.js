// Making elements and writing text that came from outside: always as text, never as markup.

export const $ = (id) => document.getElementById(id);

/** An element; `on` are its listeners, `text` its content, everything else an attribute. Absent values are left out. */
export function element(name, { on = {}, text, ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    made.setAttribute(key, value === true ? "" : value);
  }
  if (text !== undefined) made.textContent = text;
  for (const [type, listener] of Object.entries(on)) made.addEventListener(type, listener);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** An element of a drawing. */
export function shape(name, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
  return made;
}

export function button(text, press, attributes = {}) {
  return element("button", { type: "button", text, on: { click: press }, ...attributes });
}

/** A choice among `[value, words]`. */
export function choice(options, value, change, attributes = {}) {
  const made = element("select", { on: { change: () => change(made.value) }, ...attributes },
    ...options.map(([key, words]) => element("option", { value: key, text: words })));
  made.value = value;
  return made;
}

export function labelled(words, field, attributes = {}) {
  return element("label", attributes, element("span", { text: words }), field);
}

/** Characters that change how others are shown, or are not shown at all: controls, marks of direction, separators. */
const unseen = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc]/gu;
const signs = { "\n": "⏎", "\t": "⇥", "\r": "␍" };

/** A token as it can be read: what cannot be seen is spelled, what is too long is cut. */
export function visible(text, limit = 40) {
  const told = text.length > limit ? cut(text, limit) : text;
  return told.replace(unseen, (one) => signs[one] ?? `⟨${one.codePointAt(0).toString(16).toUpperCase()}⟩`)
    .replace(/^ +| +$/g, (blanks) => "·".repeat(blanks.length)) || "∅";
}

/** The first characters, with no character of two halves cut in the middle. */
function cut(text, limit) {
  const end = /[\ud800-\udbff]/.test(text[limit - 1]) ? limit - 1 : limit;
  return `${text.slice(0, end)}…`;
}

export const quoted = (text, limit = 40) => `“${visible(text, limit)}”`;

export function percent(logprob) {
  if (!Number.isFinite(logprob)) return "0 %";
  const value = Math.exp(logprob) * 100;
  return `${value >= 99.95 && value < 100 ? "> 99.9" : value >= 10 ? value.toFixed(1) : value.toPrecision(2)} %`;
}

/** A number in four digits, whatever its size. */
export function short(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

export const signed = (value) => (value > 0 ? `+${short(value)}` : short(value).replace("-", "−"));

export function bytes(count) {
  const units = ["B", "KB", "MB", "GB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${unit ? value.toPrecision(3) : value} ${units[unit]}`;
}

/** Saves bytes or text as a file of whoever looks. */
export function save(data, name) {
  const link = element("a", { href: URL.createObjectURL(new Blob([data])), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Tells a screen reader what happened, and everybody in the line at the bottom. */
export function tell(text) {
  const line = $("status");
  if (line.textContent !== text) line.textContent = text;
}

/** What each panel shows where there is nothing to draw: why, and what to do about it. */
export function emptiness(state, text, ...actions) {
  return element("div", { class: "emptiness", "data-state": state, role: state === "failed" ? "alert" : undefined },
    element("p", { text }), ...actions);
}
