// A grid of numbers on a canvas: labels at its sides, a cross-hair with the exact value, zoom, keys. Only what is in sight is
// drawn, so a thousand columns cost what fifty do; and of that only what is new, so a run that grows costs a column.

import { css, inkOn, isDark, themed } from "./colours.js";
import { element } from "./dom.js";
import { hideTip, showTip } from "./tip.js";

/**
 * What it shows is one object, `content`:
 * `rows`, `columns`; `row(r)` and `column(c)`: labels; `cell(r, c)`: `{ground: [r, g, b], text?, strong?}`, with the part `at:
 * [left, top, size]` of a `picture`, or null;
 * `tip(r, c)`: lines; `pick(r, c)`; `marks`: columns with a line at their left; `chosen`: `{row, column}`;
 * `edition(r)`: what cells of a row that were drawn keep their looks for; without it all are drawn again each time.
 */
export class Matrix {
  content = null;
  #hover = null;
  #isDirty = true;
  #follows = true;
  /** A place that was chosen elsewhere, to be brought into sight with the next drawing. */
  #wanted = null;
  #shownPlace = "";
  #seen = { width: 0, height: 0, left: 0, top: 0, across: 13 };
  /** The cells without what lies on them, as they were last drawn: for which geometry, scrolled to where, and of each row which. */
  #cells = { canvas: document.createElement("canvas"), place: "", left: 0, rows: [] };

  constructor({ name, cellWidth = null, widest = 34, cellHeight = 12, tallest = null, least = 3, most = 90, foot = 58, side = 40, upwards = true }) {
    Object.assign(this, { cellWidth, widest, cellHeight, tallest, least, most, foot, side, upwards });
    this.canvas = element("canvas", { class: "matrix-canvas", "aria-hidden": "true" });
    this.spacer = element("div", { class: "matrix-spacer" });
    this.told = element("p", { class: "unseen", "aria-live": "polite" });
    this.box = element("div", { class: "matrix", tabindex: "0", role: "application", "aria-label": name }, this.spacer, this.canvas);
    this.root = element("div", { class: "matrix-root" }, this.box, this.told);
    this.#listen();
    new ResizeObserver(() => this.redraw()).observe(this.box);
  }

  show(content) {
    const isNew = this.content?.key !== content?.key;
    if (isNew) { this.#hover = null; this.#follows = true; }
    const chosen = content?.chosen;
    if (chosen && `${chosen.row} ${chosen.column}` !== this.#shownPlace) {
      this.#shownPlace = `${chosen.row} ${chosen.column}`;
      this.#wanted = chosen;
    }
    this.content = content;
    this.redraw();
  }

  redraw() { this.#isDirty = true; }

  #listen() {
    const { box } = this;
    box.addEventListener("scroll", () => {
      this.#follows = box.scrollLeft + box.clientWidth >= box.scrollWidth - 24;
      // Scrolling of its own is drawn already.
      if (box.scrollLeft !== this.#seen.left || box.scrollTop !== this.#seen.top) this.redraw();
    }, { passive: true });
    box.addEventListener("pointermove", (event) => this.#point(event));
    box.addEventListener("pointerleave", () => { this.#hover = null; hideTip(); this.redraw(); });
    box.addEventListener("click", (event) => {
      const place = this.#place(event);
      if (place) this.content.pick?.(place.row, place.column, event);
    });
    box.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.altKey) return;
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, event.clientX - box.getBoundingClientRect().left);
    }, { passive: false });
    box.addEventListener("keydown", (event) => this.#key(event));
  }

  zoom(factor, at = this.box.clientWidth / 2) {
    const column = (this.box.scrollLeft + at - this.side) / this.#measure().across;
    this.cellWidth = Math.min(Math.max(this.#width * factor, this.least), this.most);
    this.#layOut();
    this.box.scrollLeft = column * this.#width + this.side - at;
    this.redraw();
  }

  #key(event) {
    if (!this.content || event.metaKey || event.ctrlKey || event.altKey) return;
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [this.upwards ? 1 : -1, 0], ArrowDown: [this.upwards ? -1 : 1, 0] };
    if (event.key in steps) {
      const { rows, columns } = this.content;
      const from = this.#hover ?? { row: this.upwards ? 0 : rows - 1, column: columns, isNew: true };
      const [row, column] = steps[event.key];
      this.#hover = {
        row: Math.min(Math.max(from.row + row, 0), rows - 1), column: Math.min(Math.max(from.column + (from.isNew ? -1 : column), 0), columns - 1),
      };
      this.#reveal(this.#hover.column);
      this.#measure();
      this.told.textContent = this.#lines().join(", ");
      const box = this.box.getBoundingClientRect();
      const { x, y } = this.#corner(this.#hover.row, this.#hover.column);
      showTip(box.left + x + this.#width / 2, box.top + y, ...this.#lines());
      this.redraw();
    } else if ((event.key === "Enter" || event.key === " ") && this.#hover) {
      this.content.pick?.(this.#hover.row, this.#hover.column, event);
    } else if (event.key === "+" || event.key === "-") {
      this.zoom(event.key === "+" ? 1.25 : 0.8);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #reveal(column) {
    this.#measure();
    const left = column * this.#width;
    const room = this.box.clientWidth - this.side;
    if (left < this.box.scrollLeft) this.box.scrollLeft = left;
    else if (left + this.#width > this.box.scrollLeft + room) this.box.scrollLeft = left + this.#width - room;
  }

  #bring() {
    const { row, column } = this.#wanted ?? {};
    this.#wanted = null;
    if (column !== null && column !== undefined && column >= 0) this.#reveal(column);
    if (row === null || row === undefined || row < 0) return;
    const { y } = this.#corner(row, 0);
    const room = this.box.clientHeight - this.foot;
    if (y < 0 || y + this.cellHeight > room) this.box.scrollTop += y - Math.max(0, (room - this.cellHeight) / 2);
  }

  #lines() {
    const { row, column } = this.#hover;
    return this.content.tip?.(row, column) ?? [];
  }

  #place(event) {
    if (!this.content) return null;
    this.#measure();
    const box = this.box.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left + this.box.scrollLeft - this.side) / this.#width);
    const line = Math.floor((event.clientY - box.top + this.box.scrollTop) / this.cellHeight);
    const row = this.upwards ? this.content.rows - 1 - line : line;
    const isInside = event.clientX - box.left >= this.side && column >= 0 && column < this.content.columns && row >= 0 && row < this.content.rows;
    return isInside ? { row, column } : null;
  }

  #point(event) {
    this.#hover = this.#place(event);
    const lines = this.#hover ? this.#lines() : [];
    if (lines.length) showTip(event.clientX, event.clientY, ...lines);
    else hideTip();
    this.content?.hover?.(this.#hover);
    this.redraw();
  }

  /** As chosen by zooming; before that as wide as there is room for. Kept in `#seen`, with where the box is scrolled to: asking the
   * browser for it again for each cell would cost more than drawing. */
  #measure() {
    const { clientWidth: width, clientHeight: height, scrollLeft: left, scrollTop: top } = this.box;
    const room = (width - this.side) / Math.max(1, this.content?.columns ?? 1);
    this.#seen = { width, height, left, top, across: this.cellWidth ?? Math.max(13, Math.min(this.widest, Math.floor(room))) };
    return this.#seen;
  }

  get #width() { return this.#seen.across; }

  #layOut() {
    this.#measure();
    const { rows = 0, columns = 0 } = this.content ?? {};
    // Where rows may grow they share the height that there is.
    if (this.tallest) this.cellHeight = Math.max(8, Math.min(this.tallest, Math.floor((this.box.clientHeight - this.foot) / Math.max(rows, 1))));
    this.spacer.style.width = `${Math.ceil(this.side + columns * this.#width)}px`;
    this.spacer.style.height = `${rows * this.cellHeight + this.foot}px`;
  }

  #corner(row, column) {
    const line = this.upwards ? this.content.rows - 1 - row : row;
    return { x: this.side + column * this.#seen.across - this.#seen.left, y: line * this.cellHeight - this.#seen.top };
  }

  /** Where a cell's middle is in the box, for tests and for marks drawn beside it. */
  middle(row, column) {
    this.#measure();
    const { x, y } = this.#corner(row, column);
    return { x: x + this.#width / 2, y: y + this.cellHeight / 2 };
  }

  /** Draws what changed; called once a frame of the screen. */
  draw() {
    if (!this.#isDirty || !this.content || !this.box.isConnected || !this.box.clientWidth) return;
    this.#isDirty = false;
    this.#layOut();
    if (this.#follows && this.content.follows !== false) this.box.scrollLeft = this.box.scrollWidth;
    this.#bring();
    this.#measure();
    const { width, height } = this.#seen;
    const scale = Math.min(devicePixelRatio || 1, 3);
    if (this.canvas.width !== Math.round(width * scale) || this.canvas.height !== Math.round(height * scale)) {
      this.canvas.width = Math.round(width * scale);
      this.canvas.height = Math.round(height * scale);
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
    }
    Object.assign(this.box.dataset, { rows: this.content.rows, columns: this.content.columns, across: this.#width, down: this.cellHeight, side: this.side });
    this.#drawCells(scale);
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.#cells.canvas, 0, 0);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    this.#marks(context);
    this.#labels(context, width, height);
  }

  #range(width) {
    const first = Math.max(0, Math.floor(this.#seen.left / this.#width));
    const end = Math.min(this.content.columns, Math.ceil((this.#seen.left + width - this.side) / this.#width));
    return [first, end];
  }

  /** Makes the canvas of the cells ready: what was drawn stays, moved to where it is now, unless it lies elsewhere or looks different. */
  #keepCells(scale) {
    const kept = this.#cells;
    const { width: pixels, height: lines } = this.canvas;
    const { width, left, top, across } = this.#seen;
    const context = kept.canvas.getContext("2d");
    const place = [this.content.key, this.content.rows * this.upwards, pixels, lines, top, across, this.cellHeight, isDark()].join();
    const moved = (kept.left - left) * scale;
    if (place !== kept.place || !this.content.edition || !Number.isInteger(moved)) {
      kept.place = place;
      kept.rows = [];
      kept.canvas.width = pixels;
      kept.canvas.height = lines;
    } else if (moved) {
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.globalCompositeOperation = "copy";
      context.drawImage(kept.canvas, moved, 0);
      context.globalCompositeOperation = "source-over";
      // What stood at an edge was drawn in part.
      const first = Math.ceil((kept.left - this.side) / across);
      const end = Math.floor((kept.left + width - this.side) / across);
      for (const { done } of Object.values(kept.rows)) {
        done.fill(0, 0, Math.max(0, first));
        done.fill(0, Math.max(0, end));
      }
    }
    kept.left = left;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    return context;
  }

  /** Which columns of a row are drawn; none, and none to be seen, where the row looks different now. */
  #doneOf(row, context, top) {
    const { columns, edition } = this.content;
    const wanted = edition?.(row);
    const kept = this.#cells.rows[row];
    const isSame = kept?.edition === wanted;
    if (kept && isSame && kept.done.length >= columns) return kept.done;
    const done = new Uint8Array(Math.ceil(columns / 256) * 256);
    if (kept && isSame) done.set(kept.done);
    if (kept && !isSame) context.clearRect(0, top, this.#seen.width, this.cellHeight);
    this.#cells.rows[row] = { edition: wanted, done };
    return done;
  }

  #drawCells(scale) {
    const { content, cellHeight } = this;
    const { width, height, across } = this.#seen;
    const gap = across >= 8 ? 1 : 0;
    const [first, end] = this.#range(width);
    const context = this.#keepCells(scale);
    context.font = `${Math.min(12, cellHeight - 4)}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    for (let row = 0; row < content.rows; row++) {
      const top = this.#corner(row, 0).y;
      if (top > height || top + cellHeight < 0) continue;
      const done = this.#doneOf(row, context, top);
      for (let column = first; column < end; column++) {
        const cell = done[column] ? null : content.cell(row, column);
        if (!cell) continue;
        done[column] = 1;
        const { x } = this.#corner(row, column);
        context.fillStyle = css(cell.ground);
        context.fillRect(x, top, Math.max(across - gap, 1), cellHeight - (cellHeight >= 8 ? 1 : 0));
        if (cell.picture) this.#picture(context, cell, x, top, across);
        if (cell.text !== undefined) this.#write(context, cell, x, top, across);
      }
    }
  }

  #picture(context, { picture, at: [left, upper, size] }, x, top, across) {
    context.imageSmoothingEnabled = false;
    context.drawImage(picture, left, upper, size, size, x, top, across - 1, this.cellHeight - 1);
  }

  #write(context, cell, x, top, across) {
    context.save();
    context.beginPath();
    context.rect(x, top, across - 2, this.cellHeight);
    context.clip();
    context.fillStyle = inkOn(cell.ground);
    if (cell.strong) context.font = `700 ${context.font.replace(/^\d+ /, "")}`;
    const room = across - 8;
    const width = context.measureText(cell.text).width;
    context.fillText(cell.text, width < room ? x + (across - 1 - width) / 2 : x + 4, top + this.cellHeight / 2);
    context.restore();
  }

  #marks(context) {
    const { content } = this;
    const [first, end] = this.#range(this.#seen.width);
    const below = content.rows * this.cellHeight - this.#seen.top;
    context.strokeStyle = themed("--ink");
    for (const column of content.marks ?? []) {
      if (column < first || column > end) continue;
      const { x } = this.#corner(0, column);
      context.lineWidth = 1;
      context.setLineDash([3, 3]);
      context.beginPath();
      context.moveTo(x - 0.5, 0);
      context.lineTo(x - 0.5, below);
      context.stroke();
      context.setLineDash([]);
    }
    for (const place of [content.chosen, this.#hover]) {
      if (!place) continue;
      this.#frame(context, place, place === this.#hover, below);
    }
  }

  /** The chosen row and column are framed; the cell under the pointer has a cross-hair. */
  #frame(context, { row, column }, isHover, below) {
    const hasColumn = column !== null && column !== undefined && column >= 0;
    const hasRow = row !== null && row !== undefined && row >= 0 && row < this.content.rows;
    const { x, y } = this.#corner(hasRow ? row : 0, hasColumn ? column : 0);
    const across = this.#width;
    context.lineWidth = isHover ? 1 : 2;
    context.strokeStyle = isHover ? themed("--ink") : themed("--accent");
    context.globalAlpha = isHover ? 0.35 : 1;
    if (hasColumn) context.strokeRect(x - 0.5, 0, across, below);
    if (hasRow && (isHover || !hasColumn)) context.strokeRect(this.side, y - 0.5, this.#seen.width, this.cellHeight);
    context.globalAlpha = 1;
    if (hasRow && hasColumn) {
      context.lineWidth = 2;
      context.strokeRect(x, y, Math.max(across - 1, 2), this.cellHeight - 1);
    }
  }

  #labels(context, width, height) {
    const { content, side } = this;
    context.fillStyle = themed("--panel");
    context.fillRect(0, 0, side, height);
    const below = content.rows * this.cellHeight - this.#seen.top;
    context.fillRect(0, Math.max(below, 0), width, height);
    context.fillStyle = themed("--quiet");
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "right";
    context.textBaseline = "middle";
    const every = Math.ceil(13 / this.cellHeight);
    for (let row = 0; row < content.rows; row++) {
      if (every > 1 && row % every && row !== content.rows - 1) continue;
      if (every > 1 && row !== content.rows - 1 && content.rows - 1 - row < every) continue;
      const { y } = this.#corner(row, 0);
      if (y < -8 || y > below - 4) continue;
      const isChosen = row === content.chosen?.row || row === this.#hover?.row;
      context.fillStyle = themed(isChosen ? "--ink" : "--quiet");
      context.fillText(content.row(row), side - 6, y + this.cellHeight / 2);
    }
    context.textAlign = "left";
    this.#feet(context, width, below);
  }

  /** Names of the columns, standing on their heads where they would not fit lying. */
  #feet(context, width, below) {
    const across = this.#width;
    const [first, end] = this.#range(width);
    const every = Math.max(1, Math.ceil(12 / across));
    for (let column = first; column < end; column++) {
      const isChosen = column === this.content.chosen?.column || column === this.#hover?.column;
      if (column % every && !isChosen) continue;
      const { x } = this.#corner(0, column);
      if (x < this.side - 4) continue;
      context.save();
      context.fillStyle = themed(isChosen ? "--ink" : "--quiet");
      if (isChosen) context.font = "700 11px system-ui, sans-serif";
      const name = this.content.column(column);
      if (across >= 46) {
        context.beginPath();
        context.rect(x, below, across - 2, this.foot);
        context.clip();
        context.textAlign = "center";
        context.fillText(name, x + across / 2, below + 10);
      } else {
        context.translate(x + across / 2, below + 5);
        context.rotate(Math.PI / 2);
        context.fillText(name.length > 9 ? `${name.slice(0, 8)}…` : name, 0, 0);
      }
      context.restore();
    }
  }
}
