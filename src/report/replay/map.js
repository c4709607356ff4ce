// The ground: from metres to pixels, coast, grid, places, zones.

const view = { east: 0, north: 0, perM: 0, fitted: false };

/** Colours of the theme, read anew when it changes. */
let ink = {};
function readTheme() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["paper", "ink", "soft", "rule", "faint", "sea", "land", "c0", "c1", "c2", "c3", "c4", "c5", "bad"]) {
    ink[name] = style.getPropertyValue("--" + name).trim();
  }
}

/** Shows everything that is flown over, within reason. */
function fit(width, height) {
  let west = -35000, east = 35000, south = -35000, north = 50000;
  const reach = (x, y) => {
    if (Math.abs(x) > 110000 || Math.abs(y) > 110000) return;
    west = Math.min(west, x); east = Math.max(east, x); south = Math.min(south, y); north = Math.max(north, y);
  };
  for (const run of runs) {
    run.sites.forEach((site) => reach(site.at[0], site.at[1]));
    run.events.forEach((e) => e[6] <= 4 && reach(e[4], e[5]));
  }
  view.east = (west + east) / 2;
  view.north = (south + north) / 2;
  view.perM = Math.min(width / (east - west + 16000), height / (north - south + 16000));
  view.fitted = true;
}

/** @param {CanvasRenderingContext2D} pen */
function chain(pen, points, at, closed) {
  pen.beginPath();
  points.forEach((p, i) => { const [x, y] = at(p[0], p[1]); i ? pen.lineTo(x, y) : pen.moveTo(x, y); });
  if (closed) pen.closePath();
}

/** Text that stays readable over anything. */
function write(pen, text, x, y, colour) {
  pen.lineWidth = 3;
  pen.strokeStyle = ink.paper;
  pen.globalAlpha = 0.75;
  pen.strokeText(text, x, y);
  pen.globalAlpha = 1;
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}

/** @param {CanvasRenderingContext2D} pen @param {Run} run */
function ground(pen, run, width, height, at, back) {
  pen.fillStyle = ink.sea;
  pen.fillRect(0, 0, width, height);
  chain(pen, data.land, at, true);
  pen.fillStyle = ink.land;
  pen.fill();
  const grid = data.grid, size = grid.side * view.perM;
  const [west, north] = back(0, 0), [east, south] = back(width, height);
  pen.strokeStyle = ink.rule;
  pen.globalAlpha = size < 9 ? 0.25 : 0.55;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let i = Math.ceil(west / grid.side); i <= east / grid.side; i++) {
    const x = Math.round(at(i * grid.side, 0)[0]) + 0.5;
    pen.moveTo(x, 0); pen.lineTo(x, height);
  }
  for (let i = Math.ceil(south / grid.side); i <= north / grid.side; i++) {
    const y = Math.round(at(0, i * grid.side)[1]) + 0.5;
    pen.moveTo(0, y); pen.lineTo(width, y);
  }
  pen.stroke();
  // Names of squares: as many as have room.
  const step = Math.max(1, Math.ceil(92 / size));
  pen.font = "9.5px ui-monospace,Menlo,Consolas,monospace";
  pen.fillStyle = ink.soft;
  pen.globalAlpha = 0.75;
  for (let j = Math.floor(south / grid.side); j <= north / grid.side; j++) {
    for (let i = Math.floor(west / grid.side); i <= east / grid.side; i++) {
      if (i % step || j % step) continue;
      const name = squareName(i, j);
      if (!name) continue;
      const [x, y] = at(i * grid.side, j * grid.side);
      pen.fillText(name, x + 3, y - 3);
    }
  }
  pen.globalAlpha = 1;
  pen.strokeStyle = ink.soft;
  pen.lineWidth = 1.3;
  data.coast.forEach((line) => { chain(pen, line, at, false); pen.stroke(); });
  pen.font = "11px system-ui,sans-serif";
  for (const area of run.areas) {
    chain(pen, area.points, at, true);
    pen.setLineDash(area.kind === "zone" ? [] : [6, 5]);
    pen.strokeStyle = area.kind === "zone" ? ink.c3 : ink.soft;
    pen.lineWidth = area.kind === "zone" ? 1.6 : 1;
    pen.stroke();
    pen.setLineDash([]);
    const top = area.points.reduce((a, b) => (b[1] > a[1] ? b : a));
    const [x, y] = at(top[0], top[1]);
    write(pen, (area.kind === "zone" ? "zone " : "sites of ") + area.name, x + 4, y - 5, area.kind === "zone" ? ink.c3 : ink.soft);
  }
  for (const [name, x0, y0] of data.places) {
    const [x, y] = at(x0, y0);
    pen.fillStyle = ink.soft;
    pen.beginPath(); pen.arc(x, y, 2.2, 0, 7); pen.fill();
    write(pen, name, x + 5, y + 12, ink.soft);
  }
  const km = [1, 2, 5, 10, 20, 50, 100].find((km) => km * 1000 * view.perM > 60) || 200;
  pen.strokeStyle = ink.ink;
  pen.lineWidth = 2;
  pen.beginPath(); pen.moveTo(12, height - 12); pen.lineTo(12 + km * 1000 * view.perM, height - 12); pen.stroke();
  write(pen, km + " km", 14, height - 18, ink.ink);
}

/** MGRS reference of a 5 km square, or nothing off the table. */
function squareName(i, j) {
  const grid = data.grid, column = i - grid.west, row = j - grid.south;
  return column < 0 || row < 0 || column >= grid.columns ? "" : grid.names[row * grid.columns + column] || "";
}
