// The clock, the keys, the pointer: one state, one frame at a time.

const state = {
  t: 0, playing: false, picked: -1, site: 0, dirty: true,
  seek(t) { state.t = Math.min(Math.max(Math.round(t), 0), data.end); state.dirty = true; },
  play() { if (state.t >= data.end) state.seek(0); state.playing = true; button(); },
  pause() { state.playing = false; button(); },
};
const byId = (id) => document.getElementById(id);
const time = /** @type {HTMLInputElement} */ (byId("time"));
const speed = /** @type {HTMLSelectElement} */ (byId("speed"));
const siteBox = /** @type {HTMLSelectElement} */ (byId("site"));
const canvases = runs.map((_, i) => /** @type {HTMLCanvasElement} */ (byId("map" + i)));

function button() {
  byId("play").textContent = state.playing ? "\u23f8" : "\u25b6";
  byId("play").setAttribute("aria-label", state.playing ? "Pause" : "Play");
}

/** From metres to pixels of a map, and back. */
function scales(width, height) {
  const at = (east, north) => [width / 2 + (east - view.east) * view.perM, height / 2 - (north - view.north) * view.perM];
  const back = (x, y) => [view.east + (x - width / 2) / view.perM, view.north - (y - height / 2) / view.perM];
  return { at, back };
}

function resize(canvas) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { pen, width, height };
}

function draw() {
  runs.forEach((run, i) => {
    const { pen, width, height } = resize(canvases[i]);
    if (!width) return;
    if (!view.fitted) fit(width, height);
    const { at, back } = scales(width, height);
    ground(pen, run, width, height, at, back);
    drawSites(pen, run, own(run, state), at);
    drawNotices(pen, run, state.t, at);
    drawAircraft(pen, run, own(run, state), state.t, at);
    drawShots(pen, run, state.t, at);
  });
  time.value = String(state.t);
  time.setAttribute("aria-valuetext", clock(state.t));
  byId("clock").textContent = date(state.t) + " " + clock(state.t);
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
  const { pen, width, height } = resize(byId("ticks"));
  pen.clearRect(0, 0, width, height);
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

function jump(forward) {
  const next = forward ? decisive.find((t) => t > state.t) : decisive.findLast((t) => t < state.t);
  if (next !== undefined) { state.pause(); state.seek(next); }
}

function pick(aircraft) {
  state.picked = aircraft;
  state.dirty = true;
  story(state);
}

/** The aircraft or the site under the pointer. */
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

canvases.forEach((canvas, i) => {
  let held = null;
  canvas.addEventListener("pointerdown", (e) => { held = { x: e.clientX, y: e.clientY, moved: false }; canvas.setPointerCapture(e.pointerId); });
  canvas.addEventListener("pointermove", (e) => {
    const box = canvas.getBoundingClientRect(), { back } = scales(box.width, box.height);
    const [east, north] = back(e.clientX - box.left, e.clientY - box.top);
    canvas.title = squareName(Math.floor(east / data.grid.side), Math.floor(north / data.grid.side));
    if (!held) return;
    const dx = e.clientX - held.x, dy = e.clientY - held.y;
    if (!held.moved && Math.hypot(dx, dy) < 5) return;
    held = { x: e.clientX, y: e.clientY, moved: true };
    view.east -= dx / view.perM; view.north += dy / view.perM; state.dirty = true;
  });
  canvas.addEventListener("pointerup", (e) => {
    const box = canvas.getBoundingClientRect();
    if (held && !held.moved) clicked(canvas, i, e.clientX - box.left, e.clientY - box.top);
    held = null;
  });
  canvas.addEventListener("wheel", (e) => {
    e.preventDefault();
    zoom(Math.exp(-e.deltaY * 0.0015));
  }, { passive: false });
});
function zoom(factor) { view.perM = Math.min(Math.max(view.perM * factor, 0.0005), 0.2); state.dirty = true; }

byId("play").addEventListener("click", () => (state.playing ? state.pause() : state.play()));
byId("next").addEventListener("click", () => jump(true));
byId("back").addEventListener("click", () => jump(false));
byId("parts").addEventListener("click", () => { state.pause(); state.seek(data.parts); });
byId("closer").addEventListener("click", () => zoom(1.4));
byId("farther").addEventListener("click", () => zoom(1 / 1.4));
byId("whole").addEventListener("click", () => { view.fitted = false; state.dirty = true; });
time.addEventListener("input", () => { state.pause(); state.seek(Number(time.value)); });
siteBox.addEventListener("change", () => { state.site = Number(siteBox.value); state.dirty = true; story(state); });
document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.target instanceof HTMLSelectElement) return;
  const onButton = e.target instanceof HTMLButtonElement, onSlider = e.target === time;
  const keys = {
    " ": () => !onButton && (state.playing ? state.pause() : state.play()),
    n: () => jump(true), p: () => jump(false),
    ArrowRight: () => !onSlider && state.seek(state.t + (e.shiftKey ? 600000 : 60000)),
    ArrowLeft: () => !onSlider && state.seek(state.t - (e.shiftKey ? 600000 : 60000)),
    "+": () => zoom(1.25), "-": () => zoom(0.8),
    "]": () => next(1), "[": () => next(-1), Escape: () => pick(-1),
  };
  const act = keys[e.key];
  if (!act) return;
  if (!(e.key === " " && onButton) && !(e.key.startsWith("Arrow") && onSlider)) e.preventDefault();
  act();
});
/** The next aircraft in the air, for the keyboard. */
function next(step) {
  const up = (run, i) => { const one = run.aircraft[run.own.aircraft[i]]; return one && flying(one, state.t); };
  const there = names.aircraft.map((_, i) => i).filter((i) => runs.some((run) => up(run, i)));
  if (there.length) pick(there[(there.indexOf(state.picked) + step + there.length) % there.length]);
}

time.max = String(data.end);
names.sites.forEach((name, i) => { const option = /** @type {HTMLOptionElement} */ (element("option", name)); option.value = String(i); siteBox.append(option); });
if (data.parts !== null) {
  byId("parts").hidden = false;
  byId("parts").textContent = "They part at " + clock(data.parts);
} else if (runs.length > 1) {
  byId("parts").hidden = false;
  /** @type {HTMLButtonElement} */ (byId("parts")).disabled = true;
  byId("parts").textContent = "They never part";
}
// The site that fires first has the first word; #t=SECONDS&aircraft=NUMBER opens the page at an instant.
if (runs[0].shots.length) { state.site = runs[0].shots[0].site; siteBox.value = String(state.site); }
const wanted = new URLSearchParams(location.hash.slice(1));
state.seek(Number(wanted.get("t") || 0) * 1000);
readTheme();
pick(wanted.has("aircraft") ? Number(wanted.get("aircraft")) : -1);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readTheme(); ticks(); state.dirty = true; });
new ResizeObserver(() => { view.fitted = false; state.dirty = true; ticks(); }).observe(byId("maps"));
ticks();
if (wanted.has("play")) state.play();
requestAnimationFrame((now) => { before = now; tick(now); });
