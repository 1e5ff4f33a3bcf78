"use strict";

// Connections as lanes over time, on a canvas: bars for transactions, marks for the rest.

const LABEL_PX = 104;
const AXIS_PX = 24;
const MARK_PX = 7;
// Nobody zooms in further than this: captures have no finer clock.
const LEAST_US = 20;
const STEPS_S = [60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400];

class Timeline {
  constructor(canvas, rows, tell) {
    this.canvas = canvas;
    this.rows = rows;
    this.tell = tell; // { choose(row), range() }
    this.chosen = -1;
    this.isShown = () => true;
    this.lanes = lanesOf(rows);
    this.all();
    this.listen();
    new ResizeObserver(() => this.draw()).observe(canvas.parentElement);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  get laneHeight() {
    return Math.max(3, Math.min(28, 12000 / Math.max(1, this.lanes.length)));
  }

  all() {
    const span = Math.max(this.rows.last - this.rows.first, LEAST_US);
    this.show(this.rows.first - span * 0.01, this.rows.last + span * 0.01);
  }

  // Shows a range of microseconds, within bounds.
  show(from, to) {
    const span = Math.max(this.rows.last - this.rows.first, LEAST_US);
    const [least, most] = [this.rows.first - span * 0.01, this.rows.first + span * 1.01];
    const width = Math.min(Math.max(to - from, LEAST_US), most - least);
    const middle = (from + to) / 2;
    this.from = Math.max(least, Math.min(most - width, middle - width / 2));
    this.to = this.from + width;
    this.draw();
    this.tell.range();
  }

  zoom(factor, at = (this.from + this.to) / 2) {
    const width = Math.max((this.to - this.from) * factor, LEAST_US);
    const share = (at - this.from) / (this.to - this.from);
    this.show(at - share * width, at + (1 - share) * width);
  }

  move(share) {
    const by = (this.to - this.from) * share;
    this.show(this.from + by, this.to + by);
  }

  choose(row) {
    this.chosen = row;
    const { at, end } = this.rows;
    if (row >= 0 && (end[row] < this.from || at[row] > this.to)) {
      const half = (this.to - this.from) / 2;
      this.show(at[row] - half, at[row] + half);
    }
    this.draw();
  }

  x(us) {
    return LABEL_PX + ((us - this.from) / (this.to - this.from)) * (this.width - LABEL_PX);
  }

  us(x) {
    return this.from + ((x - LABEL_PX) / (this.width - LABEL_PX)) * (this.to - this.from);
  }

  // One frame draws what all changes before it asked for.
  draw() {
    this.wanted ??= requestAnimationFrame(() => {
      this.wanted = null;
      this.paint();
    });
  }

  paint() {
    const { canvas } = this;
    const scale = devicePixelRatio || 1;
    this.width = Math.max(canvas.parentElement.clientWidth, LABEL_PX + 50);
    const height = AXIS_PX + this.lanes.length * this.laneHeight + 2;
    canvas.width = Math.round(this.width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.width = this.width + "px";
    canvas.style.height = height + "px";
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    pen.font = "12px system-ui, sans-serif";
    const style = getComputedStyle(canvas);
    this.color = (name) => style.getPropertyValue("--" + name).trim();
    this.paintAxis(pen, height);
    this.lanes.forEach((lane, number) => this.paintLane(pen, lane, AXIS_PX + number * this.laneHeight));
    this.paintChosen(pen, height);
  }

  paintAxis(pen, height) {
    const step = stepOf((this.to - this.from) / ((this.width - LABEL_PX) / 90));
    pen.textBaseline = "middle";
    pen.textAlign = "center";
    for (let tick = Math.ceil(this.from / step) * step; tick <= this.to; tick += step) {
      const x = Math.round(this.x(tick)) + 0.5;
      pen.fillStyle = this.color("grid");
      pen.fillRect(x, AXIS_PX - 5, 1, height);
      const text = spanOf(Math.abs(tick) < step / 2 ? 0 : tick, step);
      const room = pen.measureText(text).width / 2;
      pen.fillStyle = this.color("faint");
      // At the edges the words stand beside their line.
      const inside = Math.max(LABEL_PX + room, Math.min(this.width - room - 2, x));
      if (x >= LABEL_PX && Math.abs(inside - x) <= room) pen.fillText(text, inside, AXIS_PX / 2);
    }
  }

  paintLane(pen, lane, top) {
    const height = this.laneHeight;
    pen.save();
    pen.fillStyle = this.color("grid");
    pen.fillRect(0, top, this.width, 1);
    if (height >= 12) {
      pen.textAlign = "left";
      pen.fillStyle = this.color("text");
      pen.fillText(lane.name, 4, top + height / 2, LABEL_PX - 8);
    }
    pen.beginPath();
    pen.rect(LABEL_PX, top, this.width - LABEL_PX, height);
    pen.clip();
    this.paintFrames(pen, lane, top, height);
    // Far out many rows share a pixel: what is wrong is drawn last and so is always seen.
    for (const bad of [0, 1]) this.paintRows(pen, lane, top, height, bad);
    pen.restore();
  }

  paintRows(pen, lane, top, height, bad) {
    const { rows } = this;
    const last = {};
    this.visible(lane, (row) => {
      const kind = rows.kind[row];
      if (rows.bad[row] !== bad || kind === KIND.frame || kind === KIND.frames) return;
      const isShown = this.isShown(row);
      const name = colorOf(rows, row);
      const x = this.x(rows.at[row]);
      const right = Math.max(this.x(rows.end[row]), x + 1);
      // A pixel that has this colour already needs no more.
      const key = name + isShown;
      if (right <= last[key]) return;
      last[key] = Math.ceil(right);
      pen.globalAlpha = isShown ? 1 : 0.15;
      pen.fillStyle = this.color(name);
      this.paintRow(pen, kind, x, Math.max(right, Math.ceil(x)), top, height);
    });
    pen.globalAlpha = 1;
  }

  paintRow(pen, kind, x, right, top, height) {
    const margin = height > 8 ? 4 : 0;
    const middle = top + height / 2;
    if (kind === KIND.transaction) {
      pen.fillRect(x, top + margin, right - x, height - 2 * margin);
    } else if (kind === KIND.silence) {
      pen.fillRect(x, middle - 1, right - x, 2);
    } else if (kind === KIND.gap) {
      pen.fillRect(x - 1, top + 1, 3, height - 1);
    } else {
      const half = Math.min(MARK_PX, height) / 2;
      pen.beginPath();
      pen.moveTo(x, middle - half - 1);
      pen.lineTo(x + half, middle);
      pen.lineTo(x, middle + half + 1);
      pen.lineTo(x - half, middle);
      pen.fill();
    }
  }

  // Live view as its density: pictures of each pixel.
  paintFrames(pen, lane, top, height) {
    const { rows } = this;
    const columns = new Float32Array(Math.ceil(this.width) + 1);
    let most = 0;
    this.visible(lane, (row) => {
      if (rows.kind[row] !== KIND.frame && rows.kind[row] !== KIND.frames) return;
      if (!this.isShown(row)) return;
      const from = Math.max(0, Math.floor(this.x(rows.at[row])));
      const to = Math.min(columns.length - 1, Math.floor(this.x(rows.end[row])));
      for (let x = from; x <= to; x++) {
        columns[x] += rows.weight[row] / (to - from + 1);
        most = Math.max(most, columns[x]);
      }
    });
    pen.fillStyle = this.color("live");
    columns.forEach((count, x) => {
      if (count === 0) return;
      const tall = Math.max(2, (height - 3) * Math.min(1, count / most));
      pen.fillRect(x, top + height - tall, 1, tall);
    });
  }

  paintChosen(pen, height) {
    if (this.chosen < 0) return;
    const x = Math.max(LABEL_PX, this.x(this.rows.at[this.chosen]));
    const right = Math.max(this.x(this.rows.end[this.chosen]), x + 2);
    if (right < LABEL_PX || x > this.width) return;
    const lane = this.lanes.findIndex((lane) => lane.connection === this.rows.connection[this.chosen]);
    pen.fillStyle = this.color("accent");
    pen.globalAlpha = 0.18;
    pen.fillRect(x, AXIS_PX, right - x, height);
    pen.globalAlpha = 1;
    pen.strokeStyle = this.color("accent");
    pen.lineWidth = 2;
    const top = AXIS_PX + lane * this.laneHeight;
    pen.strokeRect(x - 2, top + 1, right - x + 4, this.laneHeight - 2);
  }

  // Calls for each row of a lane that reaches into the range.
  visible(lane, call) {
    const first = firstAtLeast(lane.reach, this.from, lane.reach.length);
    for (let number = first; number < lane.rows.length; number++) {
      const row = lane.rows[number];
      if (this.rows.at[row] > this.to) break;
      call(row);
    }
  }

  // The row at a point: one that lies there, else the nearest one.
  hit(x, y) {
    const lane = this.lanes[Math.floor((y - AXIS_PX) / this.laneHeight)];
    if (!lane || x < LABEL_PX) return -1;
    let best = -1;
    let least = 8;
    this.visible(lane, (row) => {
      if (!this.isShown(row)) return;
      const left = this.x(this.rows.at[row]);
      const right = Math.max(this.x(this.rows.end[row]), left);
      const far = Math.max(left - x, x - right, 0);
      if (far < least || (far === least && best >= 0 && this.rows.end[row] - this.rows.at[row] < this.rows.end[best] - this.rows.at[best])) {
        [best, least] = [row, far];
      }
    });
    return best;
  }

  listen() {
    const { canvas } = this;
    const fingers = new Map();
    let dragged = 0;
    const point = (event) => {
      const box = canvas.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const unit = event.deltaMode === 1 ? 20 : 1;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        this.move(((event.deltaX || event.deltaY) * unit) / this.width);
      } else {
        this.zoom(Math.exp(event.deltaY * unit * 0.002), this.us(Math.max(LABEL_PX, point(event).x)));
      }
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      if (fingers.size === 0) dragged = 0;
      fingers.set(event.pointerId, point(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const now = point(event);
      const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      dragged += Math.abs(now.x - before.x) + others.length * 10;
      fingers.set(event.pointerId, now);
      if (others.length === 0) {
        if (dragged > 4) this.move((before.x - now.x) / (this.width - LABEL_PX));
      } else {
        const [was, is] = [before, now].map((at) => Math.max(20, Math.abs(at.x - others[0].x)));
        this.zoom(was / is, this.us((now.x + others[0].x) / 2));
      }
    });
    const end = (event) => {
      const at = fingers.get(event.pointerId);
      fingers.delete(event.pointerId);
      if (event.type !== "pointerup" || !at || dragged > 4) return;
      const row = this.hit(at.x, at.y);
      if (row >= 0) this.tell.choose(row);
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("keydown", (event) => {
      const does = {
        "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2),
        "0": () => this.all(), ArrowLeft: () => this.move(-0.1), ArrowRight: () => this.move(0.1),
        Home: () => this.show(this.rows.first, this.rows.first + this.to - this.from),
        End: () => this.show(this.rows.last - this.to + this.from, this.rows.last),
      }[event.key];
      if (!does || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      does();
    });
  }
}

// Index of the first value that is at least `wanted`, of values that never fall.
function firstAtLeast(values, wanted, length) {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

// A step of the axis: 1, 2, 5 and so on, from a minute on those of clocks.
function stepOf(least) {
  if (least > 30e6) return (STEPS_S.find((step) => step * 1e6 >= least) ?? Math.ceil(least / 86400e6) * 86400) * 1e6;
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return power * [1, 2, 5, 10].find((step) => step * power >= least * 0.999);
}

function colorOf(rows, row) {
  if (rows.bad[row]) return "bad";
  switch (rows.kind[row]) {
    case KIND.transaction: return ["none", "in", "out"][rows.way[row]];
    case KIND.silence: return "silence";
    case KIND.note: return "note";
    default: return "event";
  }
}

// A lane for each connection, and one for what belongs to none.
function lanesOf(rows) {
  const found = new Map();
  for (let row = 0; row < rows.length; row++) {
    const connection = rows.connection[row];
    if (!found.has(connection)) found.set(connection, { connection, rows: [], kinds: new Set() });
    const lane = found.get(connection);
    lane.rows.push(row);
    lane.kinds.add(rows.kind[row]);
  }
  const lanes = [...found.values()].sort((a, b) => a.connection - b.connection);
  for (const lane of lanes) {
    let reach = -Infinity;
    lane.reach = Float64Array.from(lane.rows, (row) => (reach = Math.max(reach, rows.end[row])));
    lane.name = lane.connection ? `${lane.connection} ${useOf(lane.kinds)}` : "besides";
  }
  return lanes;
}

function useOf(kinds) {
  if (kinds.has(KIND.transaction) || kinds.has(KIND.init)) return "commands";
  if (kinds.has(KIND.frame) || kinds.has(KIND.frames)) return "live view";
  return kinds.has(KIND.event) ? "events" : "";
}
