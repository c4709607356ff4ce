// The clock, the keys, the pointer: one state, one frame at a time.

/** @type {State} */
const state = {
  t: 0, playing: false, picked: -1, site: 0, follow: true, event: null, ruler: null, measuring: false, dirty: true,
  seek(t) { state.t = Math.min(Math.max(Math.round(t), 0), data.end); state.dirty = true; document.body.dataset.t = String(state.t); },
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

/** The event gone to, as long as the clock stands there. */
const spot = () => (state.event && state.event.t === state.t ? state.event : null);
/** The moment up to which things have happened: that of the event gone to, of which the maps may show the moment before. */
const reached = () => spot()?.event[0] ?? state.t;

/** The site whose belief is shown where it follows the event: that of the event gone to, else of the last decisive one. */
function followed() {
  if (!state.follow) return;
  const on = spot(), at = on ? on.run.sites[on.event[3]] : undefined;
  let name = at ? at.name : "";
  for (const run of name ? [] : runs) {
    const last = run.told[lastAt(run.told, (e) => e[0], state.t)] ?? run.told[0];
    if (last && !name) name = run.sites[last[3]].name;
  }
  const site = names.sites.indexOf(name);
  if (site >= 0) state.site = site;
}

/** The view as a link: moment, track, site, piece of the map. */
function link() {
  const wanted = new URLSearchParams();
  wanted.set("t", String(reached() / 1000));
  const track = names.aircraft[state.picked];
  if (track !== undefined) wanted.set("track", track);
  if (!state.follow) wanted.set("site", names.sites[state.site]);
  if (!view.fitted || view.moved) wanted.set("map", [Math.round(view.east), Math.round(view.north), view.perM.toPrecision(4)].join());
  return "#" + wanted.toString().replace(/%2F/g, "/").replace(/%2C/g, ",");
}

/** Shows what a link asks for. @param {string} hash */
function restore(hash) {
  const wanted = new URLSearchParams(hash.slice(1));
  const map = (wanted.get("map") ?? "").split(",").map(Number);
  if (map.length === 3 && map.every(Number.isFinite) && map[2] > 0) {
    [view.east, view.north] = map;
    view.perM = map[2];
    view.fitted = view.moved = true;
  }
  const site = names.sites.indexOf(wanted.get("site") ?? "");
  state.follow = site < 0;
  if (site >= 0) state.site = site;
  siteBox.value = String(site);
  const track = names.aircraft.indexOf(wanted.get("track") ?? "");
  const t = Number(wanted.get("t") ?? NaN) * 1000;
  if (Number.isFinite(t)) state.seek(t);
  else if (wanted.has("track")) begin(track);
  pick(track);
  // What is told of that moment is gone to: a wrong shot before all else.
  const there = decisive.filter(({ run, event }) => Math.abs(event[0] - t) < 1 && (track < 0 || run.aircraft[event[2]]?.name === names.aircraft[track]));
  const event = there.find((one) => isWrongShot(one.event)) ?? there[0];
  if (event) goTo(event.run, event.event);
}

/** To the first moment at which a track is in the air; without one, at which a site sees any, or else anything flies. @param {number} track */
function begin(track) {
  const seen = runs.flatMap((run) => run.tracks.map((row) => ({ t: row[2], name: run.aircraft[row[1]].name })));
  const flown = runs.flatMap((run) => run.aircraft.filter((one) => one.legs.length > 0).map((one) => ({ t: one.flies[0], name: one.name })));
  const of = [seen, flown].map((list) => list.filter((one) => track < 0 || one.name === names.aircraft[track]));
  const first = (of[0].length ? of[0] : of[1]).sort((a, b) => a.t - b.t)[0];
  if (!first) return;
  state.seek(first.t);
  if (track < 0) pick(names.aircraft.indexOf(first.name));
}

let linked = 0;
function draw() {
  followed();
  runs.forEach((run, i) => {
    const { pen, width, height } = resize(canvases[i]);
    if (!width) return;
    if (!view.fitted) fit(width, height, runs.flatMap((run) => { const one = run.aircraft[own(run, state).picked]; return one && flying(one, state.t) ? [position(one, state.t)] : []; }));
    const labels = new Labels(pen, width, height);
    const scene = { pen, width, height, run, chosen: own(run, state), t: state.t, labels, ...scales(width, height) };
    ground(scene);
    drawSites(scene);
    if (layers.plans) drawNotices(scene);
    drawAircraft(scene);
    drawShots(scene);
    if (layers.names) labels.write();
    if (state.ruler) drawRuler(scene, state.ruler);
  });
  time.value = String(state.t);
  time.setAttribute("aria-valuetext", clock(state.t) + ", " + date(state.t));
  byId("day", HTMLElement).textContent = date(state.t) + " ";
  byId("hour", HTMLElement).textContent = clock(state.t);
  told();
  story(state);
  mark();
  // What tests read, beside the clock and the track: what is to be seen.
  const body = document.body.dataset;
  body.site = names.sites[state.site] ?? "";
  body.shots = String(runs[0].shots.filter((shot) => shot.from <= state.t && state.t <= shot.to + 120000).length);
  body.flying = String(runs[0].aircraft.filter((aircraft) => flying(aircraft, state.t)).length);
  byId("link", HTMLAnchorElement).href = link();
  if (!state.playing) {
    // The address follows once the hand rests: browsers refuse a hundred changes in a row.
    clearTimeout(linked);
    linked = setTimeout(() => { try { history.replaceState(null, "", link()); } catch { /* a page inside another has no address */ } }, 300);
  }
}

/** Marks of the time line: what, how it looks, which events. @type {[string, string, string, (e: Told, run: Run) => boolean][]} */
const MARKS = [
  ["shot at a hostile", "soft", "bar", (e) => e[1] === "shot_fired" && e[6] > 0],
  ["friend or neutral identified as hostile", "c4", "diamond", (e) => e[6] === 2],
  ["objective reached", "c0", "ring", (e) => e[1] === "objective_reached"],
  ["wrong shot", "bad", "tall", isWrongShot],
  ["wrongly shot down", "bad", "cross", (e) => e[1] === "destroyed" && e[6] === 0],
];

/** @param {CanvasRenderingContext2D} pen @param {string} shape @param {number} x @param {number} top */
function timeMark(pen, shape, x, top) {
  pen.lineWidth = 2;
  pen.beginPath();
  if (shape === "bar") { pen.moveTo(x, top + 8); pen.lineTo(x, top + 14); }
  else if (shape === "tall") { pen.moveTo(x, top); pen.lineTo(x, top + 14); }
  else if (shape === "cross") { pen.moveTo(x - 4, top); pen.lineTo(x + 4, top + 8); pen.moveTo(x + 4, top); pen.lineTo(x - 4, top + 8); }
  else if (shape === "ring") pen.arc(x, top + 8, 3.5, 0, 7);
  else { pen.moveTo(x, top + 3); pen.lineTo(x + 4, top + 8); pen.lineTo(x, top + 13); pen.lineTo(x - 4, top + 8); pen.closePath(); }
  pen.stroke();
}

/** Hours, and where something happens, along the slider. */
function ticks() {
  const { pen, width, height } = resize(byId("ticks", HTMLCanvasElement));
  pen.clearRect(0, 0, width, height);
  /** @param {number} t */
  const x = (t) => 8 + (t / data.end) * (width - 16);
  // As many hours as there is room for, on whole hours of the clock; minutes where the whole is short.
  const steps = [1, 5, 15, 30, 60, 120, 180, 360, 720, 1440].map((minutes) => minutes * 60000);
  const step = steps.find((step) => (step / data.end) * (width - 16) > 40) ?? 1440 * 60000;
  pen.font = "10px system-ui,sans-serif";
  pen.fillStyle = ink.soft; pen.strokeStyle = ink.rule; pen.lineWidth = 1;
  for (let t = Math.ceil(data.start_utc_ms / step) * step - data.start_utc_ms; t <= data.end; t += step) {
    pen.beginPath(); pen.moveTo(x(t), 0); pen.lineTo(x(t), height - 12); pen.stroke();
    // Where there are several days midnight is told by its date.
    const text = data.end > 86400000 && clock(t) === "00:00:00" ? date(t).slice(5) : clock(t).slice(0, 5), wide = pen.measureText(text).width;
    pen.fillText(text, Math.min(Math.max(x(t) - wide / 2, 0), width - wide), height - 2);
  }
  for (const [, colour, shape, holds] of MARKS) {
    pen.strokeStyle = ink[colour];
    for (const run of runs) for (const event of run.events) if (holds(event, run)) timeMark(pen, shape, x(event[0]), 1);
  }
  if (data.parts !== null) {
    pen.fillStyle = ink.c3;
    pen.beginPath(); pen.moveTo(x(data.parts) - 6, 0); pen.lineTo(x(data.parts) + 6, 0); pen.lineTo(x(data.parts), 9); pen.fill();
  }
}

/** What the marks mean, those that occur. */
function legend() {
  const place = byId("legend", HTMLElement);
  for (const [text, colour, shape, holds] of MARKS) {
    const count = runs.reduce((sum, run) => sum + run.events.filter((event) => holds(event, run)).length, 0);
    if (!count) continue;
    const swatch = svg("svg", { width: "12", height: "15", "aria-hidden": "true", class: "mark" });
    const paths = { bar: "M6 8V14", tall: "M6 1V14", cross: "M2 2L10 10M10 2L2 10", ring: "M2.5 8a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0", diamond: "M6 3L10 8L6 13L2 8Z" };
    swatch.append(svg("path", { d: paths[/** @type {keyof typeof paths} */ (shape)], class: "m-" + colour }));
    const entry = element("span", "");
    entry.append(swatch, text + (runs.length > 1 ? "" : " (" + count + ")"));
    place.append(entry);
  }
  if (!wrongShots.length) place.append(element("span", "no wrong shot in this replication"));
  if (data.parts !== null) place.append(element("span", "\u25bc they part", "m-parts"));
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

/** Goes to an event: its moment, its track, its site. @param {Run} run @param {Told} event */
function goTo(run, event) {
  state.pause();
  // A missile that takes no time ends its target with the shot: what led to it is told of the moment before.
  const target = run.aircraft[event[2]];
  const t = target && !flying(target, event[0]) && flying(target, event[0] - 1) ? event[0] - 1 : event[0];
  state.seek(t);
  state.event = { t: state.t, run, event };
  if (event[2] >= 0) pick(names.aircraft.indexOf(run.aircraft[event[2]].name));
}

/** To the next or the previous of some events. @param {Found[]} list in order of time @param {boolean} forward */
function jump(list, forward) {
  const now = reached(), on = spot(), at = list.findIndex((one) => one.event === on?.event);
  const beside = at < 0 ? undefined : list[forward ? at + 1 : at - 1];
  const next = at >= 0 ? beside : forward ? list.find((one) => one.event[0] > now) : list.findLast((one) => one.event[0] < now);
  if (next) goTo(next.run, next.event);
}

/** @param {number} aircraft */
function pick(aircraft) {
  state.picked = names.aircraft[aircraft] === undefined ? -1 : aircraft;
  aircraftBox.value = String(state.picked);
  document.body.dataset.picked = names.aircraft[state.picked] ?? "";
  state.dirty = true;
  list();
}

/** @param {number} site one of all names, or -1 for that of the event */
function see(site) {
  state.follow = site < 0;
  if (site >= 0) state.site = site;
  siteBox.value = String(site);
  state.dirty = true;
  list();
}

/** What is under the pointer: an aircraft or a site, as the run numbers it. @param {HTMLCanvasElement} canvas @param {Run} run @param {number} x @param {number} y */
function under(canvas, run, x, y) {
  const { at } = scales(canvas.clientWidth, canvas.clientHeight);
  let aircraft = -1, near = 22;
  run.aircraft.forEach((one, number) => {
    if (!flying(one, state.t)) return;
    const p = position(one, state.t), [px, py] = at(p[0], p[1]), far = Math.hypot(px - x, py - y);
    if (far < near) { near = far; aircraft = number; }
  });
  const site = run.sites.findIndex((site) => { const [px, py] = at(site.at[0], site.at[1]); return Math.hypot(px - x, py - y) < 18; });
  return { aircraft, site };
}

/** @param {HTMLCanvasElement} canvas @param {Run} run @param {number} x @param {number} y */
function clicked(canvas, run, x, y) {
  const { aircraft, site } = under(canvas, run, x, y);
  if (aircraft >= 0) pick(names.aircraft.indexOf(run.aircraft[aircraft].name));
  else if (site >= 0) see(names.sites.indexOf(run.sites[site].name));
  else pick(-1);
}

/** @param {number} factor @param {Point} [around] what stays where it is, as pixels from the middle */
function zoom(factor, [x, y] = [0, 0]) {
  const perM = Math.min(Math.max(view.perM * factor, farthest()), 0.2);
  view.east += x / view.perM - x / perM;
  view.north -= y / view.perM - y / perM;
  view.perM = perM;
  view.moved = true;
  state.dirty = true;
}

/** How far the map draws back: until all that is known of the ground fills it. */
function farthest() {
  const [west, south, east, north] = around;
  return Math.min(...canvases.map((canvas) => Math.max(canvas.clientWidth / (east - west), canvas.clientHeight / (north - south), 0.0005)));
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
  const card = element("div", "", "card");
  card.hidden = true;
  canvas.after(card);
  /** @param {MouseEvent} e @returns {Point} */
  const inside = (e) => { const box = canvas.getBoundingClientRect(); return [e.clientX - box.left, e.clientY - box.top]; };
  /** @param {Point} place @returns {Point} */
  const fromMiddle = ([x, y]) => [x - canvas.clientWidth / 2, y - canvas.clientHeight / 2];
  /** @param {Point} place @returns {Point} */
  const onGround = (place) => scales(canvas.clientWidth, canvas.clientHeight).back(...place);
  canvas.addEventListener("pointerdown", (e) => {
    if (!held.size) moved = false;
    held.set(e.pointerId, inside(e));
    canvas.setPointerCapture(e.pointerId);
    if (state.measuring && held.size === 1) { const from = onGround(inside(e)); state.ruler = [from, from]; state.dirty = true; }
  });
  canvas.addEventListener("pointermove", (e) => {
    const now = inside(e), before = held.get(e.pointerId);
    if (!before) return hover(card, canvas, runs[i], now, onGround(now));
    card.hidden = true;
    const dx = now[0] - before[0], dy = now[1] - before[1];
    if (!moved && Math.hypot(dx, dy) < 5) return;
    moved = true;
    held.set(e.pointerId, now);
    const other = [...held].find(([id]) => id !== e.pointerId)?.[1];
    if (other) {
      const far = Math.hypot(before[0] - other[0], before[1] - other[1]) || 1;
      zoom(Math.hypot(now[0] - other[0], now[1] - other[1]) / far, fromMiddle(other));
    } else if (state.measuring && state.ruler) {
      state.ruler[1] = onGround(now); state.dirty = true;
    } else {
      view.east -= dx / view.perM; view.north += dy / view.perM; view.moved = true; state.dirty = true;
    }
  });
  canvas.addEventListener("pointerup", (e) => {
    if (held.delete(e.pointerId) && !moved && !state.measuring) clicked(canvas, runs[i], ...inside(e));
  });
  canvas.addEventListener("pointercancel", (e) => held.delete(e.pointerId));
  canvas.addEventListener("pointerleave", () => { card.hidden = true; });
  canvas.addEventListener("wheel", (e) => {
    e.preventDefault();
    zoom(Math.exp(-e.deltaY * 0.0015), fromMiddle(inside(e)));
  }, { passive: false });
});

/** @param {string} id @param {() => void} act */
const press = (id, act) => byId(id, HTMLButtonElement).addEventListener("click", act);
const whole = () => { view.fitted = view.moved = false; state.dirty = true; };
const measure = () => {
  state.measuring = !state.measuring;
  if (!state.measuring) state.ruler = null;
  byId("ruler", HTMLButtonElement).setAttribute("aria-pressed", String(state.measuring));
  state.dirty = true;
};
const showLayers = () => {
  const place = byId("layerlist", HTMLElement);
  place.hidden = !place.hidden;
  byId("layers", HTMLButtonElement).setAttribute("aria-expanded", String(!place.hidden));
};
press("play", () => (state.playing ? state.pause() : state.play()));
press("next", () => jump(decisive, true));
press("back", () => jump(decisive, false));
press("wrongnext", () => jump(wrongShots, true));
press("wrongback", () => jump(wrongShots, false));
press("parts", () => {
  const first = runs.flatMap((run) => run.events.filter((event) => event[0] === data.parts && differing.has(event)).map((event) => ({ run, event })))[0];
  state.pause();
  if (first) goTo(first.run, first.event);
  else state.seek(data.parts ?? 0);
});
press("closer", () => zoom(1.4, sight()));
press("farther", () => zoom(1 / 1.4, sight()));
press("whole", whole);
press("ruler", measure);
press("layers", showLayers);
time.addEventListener("input", () => { state.pause(); state.seek(Number(time.value)); });
aircraftBox.addEventListener("change", () => pick(Number(aircraftBox.value)));
siteBox.addEventListener("change", () => see(Number(siteBox.value)));
/** What keys do; space is left to a button that has it. On the slider too an arrow is a minute: its own step is a second. @type {[string, (far: boolean) => void][]} */
const acts = [
  [" ", () => (state.playing ? state.pause() : state.play())],
  ["w", () => jump(wrongShots, true)], ["W", () => jump(wrongShots, false)],
  ["n", () => jump(decisive, true)], ["p", () => jump(decisive, false)],
  ["ArrowRight", (far) => state.seek(state.t + (far ? 600000 : 60000))],
  ["ArrowLeft", (far) => state.seek(state.t - (far ? 600000 : 60000))],
  ["+", () => zoom(1.25, sight())], ["-", () => zoom(0.8, sight())], ["0", whole],
  ["]", () => next(1)], ["[", () => next(-1)], ["Escape", () => pick(-1)],
  ["m", measure], ["l", showLayers],
  ["?", () => { const help = byId("help", HTMLDetailsElement); help.open = !help.open; }],
];
const keys = new Map(acts);
document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.target instanceof HTMLSelectElement) return;
  if (e.target instanceof HTMLInputElement && e.target.type === "search") return;
  if (e.key === " " && (e.target instanceof HTMLButtonElement || e.target instanceof HTMLInputElement && e.target.type === "checkbox")) return;
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
/** @type {[string, boolean][]} */
const buttons = [["wrongnext", !wrongShots.length], ["wrongback", !wrongShots.length], ["next", !decisive.length], ["back", !decisive.length]];
for (const [id, off] of buttons) byId(id, HTMLButtonElement).disabled = off;
partsButton.hidden = runs.length < 2;
partsButton.disabled = data.parts === null;
partsButton.textContent = data.parts === null ? "They never part" : "They part at " + clock(data.parts);
for (const [key, words] of LAYERS) {
  byId("layerlist", HTMLElement).append(tick_box(words, layers[key], (yes) => { layers[key] = yes; state.dirty = true; }));
}
readTheme();
legend();
filters();
const opened = new URLSearchParams(location.hash.slice(1));
// A page opens at the first wrong shot; #t=SECONDS&track=NAME&site=NAME&map=EAST,NORTH,SCALE asks for something else.
const asked = opened.has("track") || Number.isFinite(Number(opened.get("t") || NaN));
if (asked) restore(location.hash);
else if (!decisive.length) { restore(location.hash); begin(-1); }
else { const first = wrongShots[0] ?? decisive[0]; goTo(first.run, first.event); }
addEventListener("hashchange", () => restore(location.hash));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readTheme(); ticks(); state.dirty = true; });
/** Paper is light whatever the screen is: the style sheet sees to the words, and the maps are drawn anew. @param {boolean} yes */
function printed(yes) {
  document.documentElement.classList.toggle("printed", yes);
  readTheme();
  draw();
}
addEventListener("beforeprint", () => printed(true));
addEventListener("afterprint", () => printed(false));
// What stands beside a map may change its size, too.
const sizes = new ResizeObserver(() => { if (!view.moved) view.fitted = false; state.dirty = true; ticks(); });
for (const sized of [byId("maps", HTMLElement), ...canvases]) sizes.observe(sized);
ticks();
if (opened.has("play")) state.play();
requestAnimationFrame((now) => { before = now; tick(now); });
