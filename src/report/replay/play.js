// The clock, the keys, the pointer: one state, one frame at a time.

/** @type {State} */
const state = {
  t: 0, playing: false, picked: -1, site: 0, dirty: true,
  seek(t) { state.t = Math.min(Math.max(Math.round(t), 0), data.end); state.dirty = true; },
  play() { if (state.t >= data.end) state.seek(0); state.playing = true; button(); },
  pause() { state.playing = false; button(); },
};
const time = byId("time", HTMLInputElement);
const speed = byId("speed", HTMLSelectElement);
const siteBox = byId("site", HTMLSelectElement);
const aircraftBox = byId("aircraft", HTMLSelectElement);
const partsButton = byId("parts", HTMLButtonElement);
const canvases = runs.map((_, i) => byId("map" + i, HTMLCanvasElement));

function button() {
  const play = byId("play", HTMLButtonElement);
  play.textContent = state.playing ? "||" : "\u25b6";
  play.setAttribute("aria-label", state.playing ? "Pause" : "Play");
  // A clock that runs would talk without end; one that is moved by hand says where it came to.
  byId("told", HTMLElement).setAttribute("aria-live", state.playing ? "off" : "polite");
}

/** @param {HTMLCanvasElement} canvas */
function resize(canvas) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("the browser cannot draw");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { pen, width, height };
}

function draw() {
  runs.forEach((run, i) => {
    const { pen, width, height } = resize(canvases[i]);
    if (!width) return;
    if (!view.fitted) fit(width, height);
    const labels = new Labels(pen, width, height);
    const scene = { pen, width, height, run, chosen: own(run, state), t: state.t, labels, ...scales(width, height) };
    ground(scene);
    drawSites(scene);
    drawNotices(scene);
    drawAircraft(scene);
    drawShots(scene);
    labels.write();
  });
  time.value = String(state.t);
  time.setAttribute("aria-valuetext", clock(state.t) + ", " + date(state.t));
  byId("clock", HTMLElement).textContent = date(state.t) + " " + clock(state.t);
  told(state);
  dim(state);
  // What tests read: where the clock is and what is to be seen.
  const body = document.body.dataset;
  body.t = String(state.t);
  body.picked = String(state.picked);
  body.shots = String(runs[0].shots.filter((shot) => shot.from <= state.t && state.t <= shot.to + 120000).length);
  body.flying = String(runs[0].aircraft.filter((aircraft) => flying(aircraft, state.t)).length);
}

/** Where something decisive happens, along the slider. */
function ticks() {
  const { pen, width, height } = resize(byId("ticks", HTMLCanvasElement));
  pen.clearRect(0, 0, width, height);
  /** @param {number} t */
  const x = (t) => 8 + (t / data.end) * (width - 16);
  runs.forEach((run) => {
    for (const event of run.events) {
      if (!DECISIVE.has(event[1])) continue;
      const wrong = event[6] === 0;
      pen.fillStyle = wrong ? ink.bad : ink.soft;
      pen.fillRect(x(event[0]) - 1, wrong ? 0 : height / 2, 2, wrong ? height : height / 2);
    }
  });
  if (data.parts !== null) {
    pen.fillStyle = ink.c3;
    pen.beginPath(); pen.moveTo(x(data.parts) - 6, 0); pen.lineTo(x(data.parts) + 6, 0); pen.lineTo(x(data.parts), 9); pen.fill();
  }
}

let before = 0;
/** @param {number} now */
function tick(now) {
  if (state.playing) {
    // A tab that slept goes on where it was.
    state.seek(state.t + Math.min(now - before, 100) * Number(speed.value));
    if (state.t >= data.end) state.pause();
  }
  before = now;
  if (state.dirty) { state.dirty = false; draw(); }
  requestAnimationFrame(tick);
}

/** @param {boolean} forward */
function jump(forward) {
  const next = forward ? decisive.find((t) => t > state.t) : decisive.findLast((t) => t < state.t);
  if (next !== undefined) { state.pause(); state.seek(next); }
}

/** @param {number} aircraft */
function pick(aircraft) {
  state.picked = aircraft;
  aircraftBox.value = String(aircraft);
  state.dirty = true;
  story(state);
}

/** The aircraft or the site under the pointer. @param {HTMLCanvasElement} canvas @param {number} i @param {number} x @param {number} y */
function clicked(canvas, i, x, y) {
  const { at } = scales(canvas.clientWidth, canvas.clientHeight), run = runs[i];
  let best = -1, near = 22;
  run.aircraft.forEach((aircraft, number) => {
    if (!flying(aircraft, state.t)) return;
    const p = position(aircraft, state.t), [px, py] = at(p[0], p[1]), far = Math.hypot(px - x, py - y);
    if (far < near) { near = far; best = number; }
  });
  if (best >= 0) return pick(names.aircraft.indexOf(run.aircraft[best].name));
  const site = run.sites.findIndex((site) => { const [px, py] = at(site.at[0], site.at[1]); return Math.hypot(px - x, py - y) < 18; });
  if (site >= 0) { state.site = names.sites.indexOf(run.sites[site].name); siteBox.value = String(state.site); state.dirty = true; story(state); }
  else pick(-1);
}

/** @param {number} factor @param {Point} [around] what stays where it is, as pixels from the middle */
function zoom(factor, [x, y] = [0, 0]) {
  const perM = Math.min(Math.max(view.perM * factor, 0.0005), 0.2);
  view.east += x / view.perM - x / perM;
  view.north -= y / view.perM - y / perM;
  view.perM = perM;
  state.dirty = true;
}

/** Where the picked aircraft is, as pixels from the middle, so that zooming without a pointer keeps it in sight. @returns {Point} */
function sight() {
  for (const run of runs) {
    const one = run.aircraft[own(run, state).picked];
    if (!one || !flying(one, state.t)) continue;
    const [east, north] = position(one, state.t);
    return [(east - view.east) * view.perM, (view.north - north) * view.perM];
  }
  return [0, 0];
}

canvases.forEach((canvas, i) => {
  /** Fingers on the map. @type {Map<number, Point>} */
  const held = new Map();
  let moved = false;
  /** @param {MouseEvent} e @returns {Point} */
  const inside = (e) => { const box = canvas.getBoundingClientRect(); return [e.clientX - box.left, e.clientY - box.top]; };
  /** @param {Point} place @returns {Point} */
  const fromMiddle = ([x, y]) => [x - canvas.clientWidth / 2, y - canvas.clientHeight / 2];
  canvas.addEventListener("pointerdown", (e) => {
    if (!held.size) moved = false;
    held.set(e.pointerId, inside(e));
    canvas.setPointerCapture(e.pointerId);
  });
  canvas.addEventListener("pointermove", (e) => {
    const now = inside(e), before = held.get(e.pointerId), side = data.grid.side;
    const [east, north] = scales(canvas.clientWidth, canvas.clientHeight).back(...now);
    canvas.title = squareName(Math.floor(east / side), Math.floor(north / side));
    if (!before) return;
    const dx = now[0] - before[0], dy = now[1] - before[1];
    if (!moved && Math.hypot(dx, dy) < 5) return;
    moved = true;
    held.set(e.pointerId, now);
    const other = [...held].find(([id]) => id !== e.pointerId)?.[1];
    if (other) {
      const far = Math.hypot(before[0] - other[0], before[1] - other[1]) || 1;
      zoom(Math.hypot(now[0] - other[0], now[1] - other[1]) / far, fromMiddle(other));
    } else {
      view.east -= dx / view.perM; view.north += dy / view.perM; state.dirty = true;
    }
  });
  canvas.addEventListener("pointerup", (e) => {
    if (held.delete(e.pointerId) && !moved) clicked(canvas, i, ...inside(e));
  });
  canvas.addEventListener("pointercancel", (e) => held.delete(e.pointerId));
  canvas.addEventListener("wheel", (e) => {
    e.preventDefault();
    zoom(Math.exp(-e.deltaY * 0.0015), fromMiddle(inside(e)));
  }, { passive: false });
});

/** @param {string} id @param {() => void} act */
const press = (id, act) => byId(id, HTMLButtonElement).addEventListener("click", act);
press("play", () => (state.playing ? state.pause() : state.play()));
press("next", () => jump(true));
press("back", () => jump(false));
press("parts", () => { state.pause(); state.seek(data.parts ?? 0); });
press("closer", () => zoom(1.4, sight()));
press("farther", () => zoom(1 / 1.4, sight()));
press("whole", () => { view.fitted = false; state.dirty = true; });
time.addEventListener("input", () => { state.pause(); state.seek(Number(time.value)); });
aircraftBox.addEventListener("change", () => pick(Number(aircraftBox.value)));
siteBox.addEventListener("change", () => { state.site = Number(siteBox.value); state.dirty = true; story(state); });
/** What keys do; space is left to a button that has it. On the slider too an arrow is a minute: its own step is a second. @type {[string, (far: boolean) => void][]} */
const acts = [
  [" ", () => (state.playing ? state.pause() : state.play())],
  ["n", () => jump(true)], ["p", () => jump(false)],
  ["ArrowRight", (far) => state.seek(state.t + (far ? 600000 : 60000))],
  ["ArrowLeft", (far) => state.seek(state.t - (far ? 600000 : 60000))],
  ["+", () => zoom(1.25, sight())], ["-", () => zoom(0.8, sight())],
  ["]", () => next(1)], ["[", () => next(-1)], ["Escape", () => pick(-1)],
];
const keys = new Map(acts);
document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.target instanceof HTMLSelectElement) return;
  if (e.key === " " && e.target instanceof HTMLButtonElement) return;
  const act = keys.get(e.key);
  if (!act) return;
  e.preventDefault();
  act(e.shiftKey);
});
/** The next aircraft in the air, for the keyboard. @param {number} step */
function next(step) {
  /** @param {Run} run @param {number} i */
  const up = (run, i) => { const one = run.aircraft[run.own.aircraft[i]]; return one && flying(one, state.t); };
  const there = names.aircraft.map((_, i) => i).filter((i) => runs.some((run) => up(run, i)));
  if (there.length) pick(there[(there.indexOf(state.picked) + step + there.length) % there.length]);
}

time.max = String(data.end);
/** @param {HTMLSelectElement} box @param {string[]} list */
function offer(box, list) {
  list.forEach((name, i) => { const option = element("option", name); option.value = String(i); box.append(option); });
}
offer(siteBox, names.sites);
offer(aircraftBox, names.aircraft);
partsButton.hidden = runs.length < 2;
partsButton.disabled = data.parts === null;
partsButton.textContent = data.parts === null ? "They never part" : "They part at " + clock(data.parts);
// The site that fires first has the first word; #t=SECONDS&aircraft=NUMBER opens the page at an instant.
if (runs[0].shots.length) { state.site = runs[0].shots[0].site; siteBox.value = String(state.site); }
const wanted = new URLSearchParams(location.hash.slice(1));
state.seek((Number(wanted.get("t")) || 0) * 1000);
readTheme();
const asked = Number(wanted.get("aircraft") ?? -1);
pick(names.aircraft[asked] === undefined ? -1 : asked);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readTheme(); ticks(); state.dirty = true; });
/** Paper is light whatever the screen is: the style sheet sees to the words, and the maps are drawn anew. @param {boolean} yes */
function printed(yes) {
  document.documentElement.classList.toggle("printed", yes);
  readTheme();
  draw();
}
addEventListener("beforeprint", () => printed(true));
addEventListener("afterprint", () => printed(false));
new ResizeObserver(() => { view.fitted = false; state.dirty = true; ticks(); }).observe(byId("maps", HTMLElement));
ticks();
if (wanted.has("play")) state.play();
requestAnimationFrame((now) => { before = now; tick(now); });
