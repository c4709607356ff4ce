// The ground: from metres to pixels, coast, grid, places, zones; and where names go.

const view = { east: 0, north: 0, perM: 0, fitted: false, moved: false };

/** What can be left out of the maps. @type {[string, string][]} */
const LAYERS = [
  ["detection", "detection ranges"], ["engagement", "engagement ranges"], ["areas", "zones and sectors"],
  ["plans", "who hands plans on"], ["paths", "paths flown"], ["names", "names"], ["grid", "grid"],
];
/** @type {Record<string, boolean>} */
const layers = Object.fromEntries(LAYERS.map(([key]) => [key, true]));

/** Colours of the theme, read anew when it changes. @type {Record<string, string>} */
const ink = {};
function readTheme() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["paper", "ink", "soft", "rule", "faint", "sea", "land", "c0", "c1", "c2", "c3", "c4", "c5", "bad"]) {
    ink[name] = style.getPropertyValue("--" + name).trim();
  }
}

/** Who comes first where names would overlap. */
const RANK = { fixed: 0, picked: 1, shot: 2, place: 3, site: 4, aircraft: 5, notice: 6, area: 7, grid: 8 };

/** Names of one frame, none over another: the first in rank has the first choice, and who finds no room is left out. */
class Labels {
  /** @param {CanvasRenderingContext2D} pen @param {number} width @param {number} height */
  constructor(pen, width, height) {
    this.pen = pen;
    this.width = width;
    this.height = height;
    /** @type {[number, number, number, number][]} left, top, right, bottom */
    this.taken = [];
    /** @type {{rank: number, text: string, x: number, y: number, gap: number, colour: string, font: string}[]} */
    this.asked = [];
  }

  /** No name goes over this. @param {number} x @param {number} y @param {number} reach */
  keep(x, y, reach) {
    this.taken.push([x - reach, y - reach, x + reach, y + reach]);
  }

  /** A name beside a point with a mark of so many pixels around it.
   * @param {number} rank @param {string} text @param {Point} at @param {number} gap @param {string} colour @param {string} [font] */
  ask(rank, text, [x, y], gap, colour, font = "11px system-ui,sans-serif") {
    if (x < 0 || y < 0 || x > this.width || y > this.height) return;
    this.asked.push({ rank, text, x, y, gap, colour, font });
  }

  /** @param {[number, number, number, number]} box */
  free([left, top, right, bottom]) {
    return left >= 0 && top >= 0 && right <= this.width && bottom <= this.height &&
      !this.taken.some((one) => left < one[2] && one[0] < right && top < one[3] && one[1] < bottom);
  }

  write() {
    for (const { rank, text, x, y, gap, colour, font } of this.asked.sort((a, b) => a.rank - b.rank)) {
      this.pen.font = font;
      const wide = this.pen.measureText(text).width;
      // Right, left, above, below; or, of what stands fast, the place itself.
      const starts = rank === RANK.fixed || rank === RANK.grid ? [[x, y]]
        : [[x + gap, y + 4], [x - gap - wide, y + 4], [x - wide / 2, y - gap - 2], [x - wide / 2, y + gap + 10]];
      /** @param {number[]} start @returns {[number, number, number, number]} */
      const box = ([left, base]) => [left - 2, base - 10, left + wide + 2, base + 4];
      const start = starts.find((start) => this.free(box(start))) ?? (rank <= RANK.shot ? starts[0] : null);
      if (!start) continue;
      this.taken.push(box(start));
      write(this.pen, text, start[0], start[1], colour);
    }
  }
}

/**
 * What one map shows in one frame.
 * @typedef {{pen: CanvasRenderingContext2D, width: number, height: number, run: Run, chosen: Chosen, t: number, labels: Labels,
 *   at: (east: number, north: number) => Point, back: (x: number, y: number) => Point}} Scene
 */

/** From metres to pixels of a map, and back. @param {number} width @param {number} height */
function scales(width, height) {
  /** @param {number} east @param {number} north @returns {Point} */
  const at = (east, north) => [width / 2 + (east - view.east) * view.perM, height / 2 - (north - view.north) * view.perM];
  /** @param {number} x @param {number} y @returns {Point} */
  const back = (x, y) => [view.east + (x - width / 2) / view.perM, view.north - (y - height / 2) / view.perM];
  return { at, back };
}

/** As far as the ground is known: the whole map, and twice its size around it. @type {[number, number, number, number]} */
const around = (() => {
  const [west, south, east, north] = data.whole, far = 2 * Math.max(east - west, north - south);
  return [west - far, south - far, east + far, north + far];
})();

/** Shows the whole map, and what else is to be in it. @param {number} width @param {number} height @param {number[][]} also places */
function fit(width, height, also) {
  let [west, south, east, north] = data.whole;
  const rim = 0.04 * Math.max(east - west, north - south);
  for (const [x, y] of also) {
    if (x > west && x < east && y > south && y < north) continue;
    west = Math.max(Math.min(west, x - rim), around[0]); east = Math.min(Math.max(east, x + rim), around[2]);
    south = Math.max(Math.min(south, y - rim), around[1]); north = Math.min(Math.max(north, y + rim), around[3]);
  }
  view.east = (west + east) / 2;
  view.north = (south + north) / 2;
  view.perM = Math.min(width / (east - west), height / (north - south));
  view.fitted = true;
}

/** @param {CanvasRenderingContext2D} pen @param {Point[]} points @param {Scene["at"]} at @param {boolean} closed */
function chain(pen, points, at, closed) {
  pen.beginPath();
  points.forEach((p, i) => { const [x, y] = at(p[0], p[1]); i ? pen.lineTo(x, y) : pen.moveTo(x, y); });
  if (closed) pen.closePath();
}

/** Text that stays readable over anything. @param {CanvasRenderingContext2D} pen @param {string} text @param {number} x @param {number} y @param {string} colour */
function write(pen, text, x, y, colour) {
  pen.lineWidth = 3;
  pen.lineJoin = "round";
  pen.strokeStyle = ink.paper;
  pen.globalAlpha = 0.8;
  pen.strokeText(text, x, y);
  pen.globalAlpha = 1;
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}

/** MGRS reference of a 5 km square, or nothing off the table. @param {number} i @param {number} j */
function squareName(i, j) {
  const grid = data.grid, column = i - grid.west, row = j - grid.south;
  return column < 0 || row < 0 || column >= grid.columns ? "" : grid.names[row * grid.columns + column] || "";
}

/** The 5 km grid: squares named along the rim, and each by itself where it is large enough. @param {Scene} scene */
function drawGrid({ pen, width, height, at, back, labels }) {
  const side = data.grid.side, size = side * view.perM;
  const [west, north] = back(0, 0), [east, south] = back(width, height);
  const columns = [Math.ceil(west / side), Math.floor(east / side)], rows = [Math.ceil(south / side), Math.floor(north / side)];
  pen.strokeStyle = ink.rule;
  pen.globalAlpha = size < 9 ? 0.25 : 0.55;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let i = columns[0]; i <= columns[1]; i++) {
    const x = Math.round(at(i * side, 0)[0]) + 0.5;
    pen.moveTo(x, 0); pen.lineTo(x, height);
  }
  for (let j = rows[0]; j <= rows[1]; j++) {
    const y = Math.round(at(0, j * side)[1]) + 0.5;
    pen.moveTo(0, y); pen.lineTo(width, y);
  }
  pen.stroke();
  pen.globalAlpha = 1;
  const font = "9.5px ui-monospace,Menlo,Consolas,monospace", room = 66;
  /** @param {number} i @param {number} j @param {Point} place */
  const name = (i, j, place) => labels.ask(RANK.grid, squareName(i, j), place, 0, ink.soft, font);
  if (size >= room) {
    for (let j = rows[0] - 1; j <= rows[1]; j++) {
      for (let i = columns[0] - 1; i <= columns[1]; i++) {
        const [x, y] = at(i * side, j * side);
        name(i, j, [x + 4, y - 4]);
      }
    }
    return;
  }
  const step = Math.ceil(room / size), up = Math.ceil(24 / size);
  // The rim of the map, or of the squares that have names.
  const last = Math.min(columns[1], data.grid.west + data.grid.columns - 1), first = Math.max(rows[0] - 1, data.grid.south);
  const x = Math.min(width, at((last + 1) * side, 0)[0]) - 58, y = Math.min(height, at(0, first * side)[1]) - 5;
  for (let i = columns[0]; i < columns[1]; i++) if (i % step === 0) name(i, first, [at(i * side, 0)[0] + 2, y]);
  for (let j = rows[0]; j < rows[1]; j++) if (j % up === 0) name(last, j, [x, at(0, (j + 0.5) * side)[1] + 3]);
}

/** @param {Scene} scene */
function ground(scene) {
  const { pen, run, width, height, at, labels } = scene;
  // Beyond what is known there is neither land nor sea.
  pen.fillStyle = ink.paper;
  pen.fillRect(0, 0, width, height);
  const [left, top] = at(around[0], around[3]), [right, foot] = at(around[2], around[1]);
  pen.fillStyle = ink.sea;
  pen.fillRect(left, top, right - left, foot - top);
  // One path: where a ring lies in another there is water, and tiles leave no seams.
  pen.beginPath();
  for (const ring of data.land) {
    ring.forEach((p, i) => { const [x, y] = at(p[0], p[1]); i ? pen.lineTo(x, y) : pen.moveTo(x, y); });
    pen.closePath();
  }
  pen.fillStyle = ink.land;
  pen.fill("evenodd");
  if (layers.grid) drawGrid(scene);
  pen.strokeStyle = ink.soft;
  pen.lineWidth = 1.3;
  data.coast.forEach((line) => { chain(pen, line, at, false); pen.stroke(); });
  for (const area of layers.areas ? run.areas : []) {
    const drawn = area.kind === "sector", colour = drawn ? ink.soft : ink.c3;
    chain(pen, area.points, at, true);
    pen.setLineDash(drawn ? [6, 5] : area.kind === "corridor" ? [12, 3] : []);
    pen.strokeStyle = colour;
    pen.lineWidth = drawn ? 1 : 1.6;
    pen.stroke();
    pen.setLineDash([]);
    const top = area.points.reduce((a, b) => (b[1] > a[1] ? b : a));
    labels.ask(RANK.area, (drawn ? "sites of" : area.kind) + " " + area.name, at(top[0], top[1]), 4, colour);
  }
  for (const [name, east, north] of data.places) {
    const [x, y] = at(east, north);
    pen.fillStyle = ink.soft;
    pen.beginPath(); pen.arc(x, y, 2.2, 0, 7); pen.fill();
    labels.keep(x, y, 2.5);
    labels.ask(RANK.place, name, [x, y], 5, ink.soft);
  }
  const km = [1, 2, 5, 10, 20, 50, 100, 200].find((km) => km * 1000 * view.perM > 60) || 500;
  pen.strokeStyle = ink.ink;
  pen.lineWidth = 2;
  pen.beginPath(); pen.moveTo(12, height - 22); pen.lineTo(12 + km * 1000 * view.perM, height - 22); pen.stroke();
  labels.ask(RANK.fixed, km + " km", [14, height - 28], 0, ink.ink);
}

/** A line between two places, with its length and its bearing from grid north. @param {Scene} scene @param {[Point, Point]} ends */
function drawRuler({ pen, at }, [from, to]) {
  const [x0, y0] = at(...from), [x1, y1] = at(...to), east = to[0] - from[0], north = to[1] - from[1];
  pen.strokeStyle = ink.ink; pen.lineWidth = 2; pen.setLineDash([6, 3]);
  pen.beginPath(); pen.moveTo(x0, y0); pen.lineTo(x1, y1); pen.stroke();
  pen.setLineDash([]);
  pen.font = "600 12px system-ui,sans-serif";
  write(pen, rulerWords(east, north), x1 + 8, y1 - 8, ink.ink);
  document.body.dataset.ruler = rulerWords(east, north);
}

/** @param {number} east @param {number} north */
function rulerWords(east, north) {
  const bearing = Math.round((Math.atan2(east, north) * 180) / Math.PI + 360) % 360;
  return (Math.hypot(east, north) / 1000).toFixed(1) + " km, " + String(bearing).padStart(3, "0") + "\u00b0";
}
