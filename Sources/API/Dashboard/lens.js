// The logit lens as it comes: one column per token, one row per layer, in each cell the token that the layer would say.
// Columns wait for the next frame of the screen, so that a fast run costs one layout a frame, not one a token.

/** Columns kept; older ones leave on the left. */
const limit = 240;

/** Text with its spaces and line ends made visible. */
function visible(text) {
  return text.replace(/\n/g, "⏎").replace(/\t/g, "⇥").trim() || "␣";
}

function percent(logprob) {
  const share = Math.exp(logprob) * 100;
  return `${share < 0.1 ? "< 0.1" : share.toFixed(1)} %`;
}

export class Lens {
  /** Takes the elements of the page: the section, the scrolling grid, its axis, and the tip. */
  constructor({ section, grid, axis, tip }) {
    Object.assign(this, { section, grid, axis, tip });
    this.reset();
    grid.addEventListener("pointermove", (event) => this.point(event));
    grid.addEventListener("pointerleave", () => { tip.hidden = true; });
    grid.addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
  }

  reset() {
    this.waiting = [];
    this.readings = new Map();
    this.layers = [];
    this.grid.replaceChildren();
    this.axis.replaceChildren();
    this.tip.hidden = true;
  }

  /** Takes the result of one pass; drawn with the next `draw`. */
  add(step, result) {
    this.section.hidden = false;
    this.waiting.push({ step, result });
  }

  draw() {
    if (!this.waiting.length) return;
    const isAtEnd = this.grid.scrollLeft + this.grid.clientWidth >= this.grid.scrollWidth - 40;
    const columns = document.createDocumentFragment();
    for (const { step, result } of this.waiting.splice(0).slice(-limit)) {
      if (!this.layers.length) this.drawAxis(result.layers);
      columns.append(this.column(step, result));
    }
    this.grid.append(columns);
    while (this.grid.childElementCount > limit) {
      this.readings.delete(this.grid.firstElementChild.dataset.step);
      this.grid.firstElementChild.remove();
    }
    if (isAtEnd) this.grid.scrollLeft = this.grid.scrollWidth;
  }

  drawAxis(layers) {
    this.layers = layers;
    this.axis.replaceChildren(...[...layers].reverse().map((layer) => {
      const mark = document.createElement("span");
      mark.textContent = layer;
      return mark;
    }));
  }

  /** The last layer on top, and below all of them the token that was chosen. */
  column(step, result) {
    const last = result.positions.length - 1;
    const chosen = result.targets[last];
    const column = document.createElement("div");
    column.className = "column";
    column.dataset.step = step;
    this.readings.set(String(step), { chosen, cells: result.predictions.map((row) => row[last]) });
    for (let row = result.predictions.length - 1; row >= 0; row--) {
      const best = result.predictions[row][last].top[0];
      const cell = document.createElement("span");
      const share = Math.exp(best.logprob);
      cell.textContent = visible(best.text);
      // Shades between pale and full are left out: neither dark nor bright letters would be read on them.
      const isSure = share > 0.6;
      cell.style.setProperty("--share", `${Math.round(isSure ? 40 + share * 60 : share * 75)}%`);
      cell.classList.toggle("sure", isSure);
      if (best.token_id === chosen.token_id) cell.classList.add("right");
      column.append(cell);
    }
    const foot = document.createElement("b");
    foot.textContent = visible(chosen.text);
    column.append(foot);
    return column;
  }

  point(event) {
    const column = event.target.closest(".column");
    const place = column ? [...column.children].indexOf(event.target) : -1;
    const reading = column && this.readings.get(column.dataset.step);
    const row = this.layers.length - 1 - place;
    this.tip.hidden = !reading || place < 0 || row < 0;
    if (this.tip.hidden) return;
    const { top, target } = reading.cells[row];
    this.tip.textContent = [
      `layer ${this.layers[row]}, answer token ${column.dataset.step}`,
      ...top.map((one) => `${percent(one.logprob).padStart(8)}  ${JSON.stringify(one.text)}`),
      `chosen: ${JSON.stringify(reading.chosen.text)}, ${percent(target.logprob)}, ` +
        (target.rank ? `${target.rank} likelier` : "the likeliest"),
    ].join("\n");
    const box = this.grid.parentElement.getBoundingClientRect();
    const half = this.tip.offsetWidth / 2;
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    const isBelow = y < this.tip.offsetHeight + 20;
    this.tip.style.left = `${Math.min(Math.max(x, half), Math.max(box.width - half, half))}px`;
    this.tip.style.top = `${isBelow ? y + this.tip.offsetHeight + 32 : y}px`;
  }
}
