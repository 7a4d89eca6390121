// The heat map: one column per token, one row per layer, in each cell a norm. Drawn once a frame of the screen.

/** Eight stops from dark to bright, even in lightness; the bright end differs between a light and a dark page. */
const ramp = ["#14213d", "#1f3d68", "#1f6080", "#1f8584", "#43a878", "#86c563", "#cfdc58", "#fdf0a0"].map((hex) =>
  [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16)));

function color(share) {
  const place = Math.min(Math.max(share, 0), 1) * (ramp.length - 1);
  const low = Math.min(Math.floor(place), ramp.length - 2);
  return ramp[low].map((value, channel) => Math.round(value + (ramp[low + 1][channel] - value) * (place - low)));
}

export class HeatMap {
  /** Takes the elements of the page: the canvas, the choice of a scale, and where the ends of the scale are told. */
  constructor({ canvas, scale, low, high }) {
    Object.assign(this, { canvas, scale, lowest: low, highest: high });
    this.reset(1);
  }

  reset(layers) {
    this.layers = layers;
    this.rows = Array.from({ length: layers }, () => []);
    this.columns = 0;
    this.low = Infinity;
    this.high = -Infinity;
    this.rowRange = Array.from({ length: layers }, () => [Infinity, -Infinity]);
    this.isDirty = true;
  }

  add(layer, position, value) {
    if (layer < 0 || layer >= this.layers || !Number.isFinite(value)) return;
    this.rows[layer][position] = value;
    this.columns = Math.max(this.columns, position + 1);
    const range = this.rowRange[layer];
    range[0] = Math.min(range[0], value);
    range[1] = Math.max(range[1], value);
    this.low = Math.min(this.low, value);
    this.high = Math.max(this.high, value);
    this.isDirty = true;
  }

  /** Where a value lies between the smallest and the largest, from 0 to 1. */
  share(layer, value) {
    const perLayer = this.scale.value === "layer";
    const [low, high] = perLayer ? this.rowRange[layer] : [this.low, this.high];
    if (!(high > low)) return 0.5;
    if (perLayer) return (value - low) / (high - low);
    const floor = Math.max(low, 1e-6);
    return Math.log(Math.max(value, floor) / floor) / Math.log(high / floor);
  }

  draw() {
    if (!this.isDirty) return;
    this.isDirty = false;
    const columns = Math.max(this.columns, 1);
    this.canvas.width = columns;
    this.canvas.height = this.layers;
    const context = this.canvas.getContext("2d");
    const image = context.createImageData(columns, this.layers);
    for (let layer = 0; layer < this.layers; layer++) {
      for (let column = 0; column < columns; column++) {
        const value = this.rows[layer][column];
        if (value === undefined) continue;
        const place = ((this.layers - 1 - layer) * columns + column) * 4;
        const [red, green, blue] = color(this.share(layer, value));
        image.data.set([red, green, blue, 255], place);
      }
    }
    context.putImageData(image, 0, 0);
    const perLayer = this.scale.value === "layer";
    this.lowest.textContent = perLayer ? "layer's least" : Number.isFinite(this.low) ? this.low.toFixed(2) : "–";
    this.highest.textContent = perLayer ? "layer's most" : Number.isFinite(this.high) ? this.high.toFixed(2) : "–";
  }
}

/** The colours from the least to the most. */
export function drawRamp(canvas) {
  const context = canvas.getContext("2d");
  for (let x = 0; x < 160; x++) {
    context.fillStyle = `rgb(${color(x / 159).join(" ")})`;
    context.fillRect(x, 0, 1, 10);
  }
}
