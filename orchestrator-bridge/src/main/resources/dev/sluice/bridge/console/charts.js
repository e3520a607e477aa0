// Drawings on canvas, in the page's colours and the screen's own pixels.

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The canvas's context with a unit of one CSS pixel, cleared. */
function begin(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.height = height + "px";
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  return context;
}

/** A line of the last values, filled below; its top is the largest of them. */
export function sparkline(canvas, values) {
  const width = canvas.clientWidth;
  const height = 36;
  if (!width) return;
  const context = begin(canvas, width, height);
  const most = Math.max(1, ...values);
  const step = width / 59;
  const x = (i) => width - (values.length - 1 - i) * step;
  const y = (value) => height - 1 - (value / most) * (height - 4);
  context.fillStyle = colour("--line");
  context.fillRect(0, height - 1, width, 1);
  context.beginPath();
  values.forEach((value, i) => context.lineTo(x(i), y(value)));
  context.strokeStyle = colour("--accent");
  context.lineWidth = 1.5;
  context.stroke();
  context.lineTo(width, height);
  context.lineTo(x(0), height);
  context.globalAlpha = 0.15;
  context.fillStyle = colour("--accent");
  context.fill();
}

/** The pages of a pool as cells: those in use first, then those kept for reuse, then free ones. */
export function pagePool(canvas, pages) {
  const width = canvas.clientWidth;
  if (!width || !pages.total) return;
  const rowsMax = 5;
  const pitchMin = 10;
  // Of a large pool one cell stands for several pages.
  const each = Math.ceil(pages.total / (Math.floor(width / pitchMin) * rowsMax));
  const cells = Math.ceil(pages.total / each);
  const rows = Math.ceil((cells * pitchMin) / width);
  const columns = Math.ceil(cells / rows);
  const pitch = Math.min(18, width / columns);
  const size = pitch - 2;
  const context = begin(canvas, width, rows * pitch - 2);
  const colours = { used: colour("--accent"), kept: colour("--kept"), free: colour("--free") };
  const used = Math.ceil(pages.used / each);
  const kept = Math.ceil((pages.total - pages.free) / each);
  for (let i = 0; i < cells; i++) {
    context.fillStyle = i < used ? colours.used : i < kept ? colours.kept : colours.free;
    context.beginPath();
    context.roundRect((i % columns) * pitch, Math.floor(i / columns) * pitch, size, size, 2);
    context.fill();
  }
}

const STEPS = 48;
/** Load relative to an even one at which the colour is the hottest. */
const HOTTEST = 3;

/** Colours of loads from 0 to HOTTEST: nothing, the mean a third of the way, the most. */
function palette() {
  const [none, mean, most] = ["--free", "--heat-mean", "--heat"].map(colour);
  const mix = (from, to, share) =>
    `color-mix(in oklab, ${to} ${Math.round(share * 100)}%, ${from})`;
  return Array.from({ length: STEPS + 1 }, (_, i) => {
    const load = (i * HOTTEST) / STEPS;
    return load <= 1 ? mix(none, mean, load) : mix(mean, most, (load - 1) / (HOTTEST - 1));
  });
}

const GUTTER = 30;

/** Experts from left to right, layers from top to bottom; `shares[layer][expert]` adds up to 1. */
export function heatMap(canvas, layers, shares) {
  const width = canvas.clientWidth;
  if (!width) return;
  const rowHeight = Math.max(6, Math.min(18, Math.floor(220 / layers.length)));
  const context = begin(canvas, width, layers.length * rowHeight);
  const colours = palette();
  const soft = colour("--soft");
  const label = rowHeight >= 10 ? 1 : Math.ceil(11 / rowHeight);
  context.font = "10px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "right";
  shares.forEach((row, l) => {
    if (l % label === 0) {
      context.fillStyle = soft;
      context.fillText(layers[l], GUTTER - 8, (l + 0.5) * rowHeight);
    }
    const cell = (width - GUTTER) / row.length;
    row.forEach((share, e) => {
      const load = Math.min(HOTTEST, share * row.length);
      context.fillStyle = colours[Math.round((load * STEPS) / HOTTEST)];
      const gap = cell > 5 ? 1 : 0;
      context.fillRect(GUTTER + e * cell, l * rowHeight, cell - gap, rowHeight - gap);
    });
  });
}

/** Which [layer index, expert] lies below a point of the heat map; empty if none. */
export function expertAt(canvas, x, y, shares) {
  const rowHeight = canvas.clientHeight / shares.length;
  const layer = Math.floor(y / rowHeight);
  if (x < GUTTER || layer < 0 || layer >= shares.length) return [];
  const expert = Math.floor((x - GUTTER) / ((canvas.clientWidth - GUTTER) / shares[layer].length));
  return expert < shares[layer].length ? [layer, expert] : [];
}
