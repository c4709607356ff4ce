// The chosen track, the list of events, and what was just said.

/** @template {keyof HTMLElementTagNameMap} T @param {T} tag @param {string} text @param {string} [name] */
function element(tag, text, name) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (name) made.className = name;
  return made;
}

/** Made like the picture that is on the page from the start. @param {string} tag @param {Record<string, string | number>} attributes @param {string} [text] */
function svg(tag, attributes, text) {
  const made = document.createElementNS(document.querySelector("#legend svg")?.namespaceURI ?? null, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text) made.textContent = text;
  return made;
}

/** A box to tick. @param {string} words @param {boolean} on @param {(yes: boolean) => void} act */
function tick_box(words, on, act) {
  const label = element("label", ""), box = element("input", "");
  box.type = "checkbox";
  box.checked = on;
  box.addEventListener("change", () => act(box.checked));
  label.append(box, " " + words);
  return label;
}

/** @param {string} code */
const plain = (code) => code.replace(/_/g, " ");

/** Speed over ground and climb, m/s. @param {Aircraft} aircraft @param {number} t @returns {Point} */
function speedAt(aircraft, t) {
  const leg = aircraft.legs[Math.max(0, lastAt(aircraft.legs, (one) => one[0], t / 1000))];
  return leg[2] === 0 ? [Math.hypot(leg[5], leg[6]), leg[8]] : [leg[5] * Math.abs(leg[7]), 0];
}

/** @param {number} p */
const share = (p) => (p > 0.995 && p < 1 ? p.toFixed(4) : p.toFixed(2));

/** What moves with the clock in the cards of the chosen track. @type {((t: number) => void)[]} */
let moving = [];
/** What the cards were made for. */
let shown = "";
/** Minutes that the curves show; 0 for the whole flight. */
let minutes = 30;

/** From where to where the curves go: a window that stands while the clock is in its middle third. @param {Aircraft} who @param {number} t @returns {Point} */
function windowOf(who, t) {
  const third = (minutes * 60000) / 3;
  return minutes ? [Math.floor(t / third) * third - third, Math.floor(t / third) * third + 2 * third] : [who.flies[0], Math.max(who.flies[1], who.flies[0] + 1)];
}

const WIDE = 336, LEFT = 36;

/** A chart of one value over the window: its frame, its scale, a line for the clock. @param {string} label @param {number} tall @param {Point} span */
function chart(label, tall, [from, to]) {
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${tall}`, role: "img", "aria-label": label });
  /** @param {number} t */
  const x = (t) => LEFT + ((Math.min(Math.max(t, from), to) - from) / (to - from)) * (WIDE - LEFT - 4);
  const now = svg("line", { class: "now", y1: 0, y2: tall });
  moving.push((t) => { now.setAttribute("x1", String(x(t))); now.setAttribute("x2", String(x(t))); });
  picture.addEventListener("click", (e) => {
    const box = picture.getBoundingClientRect(), at = ((/** @type {MouseEvent} */ (e).clientX - box.left) / box.width) * WIDE;
    state.pause();
    state.seek(from + ((at - LEFT) / (WIDE - LEFT - 4)) * (to - from));
  });
  return { picture, x, now };
}

/** The curve of P(hostile) at a site, its threshold, the shots, and below it what the site identified the aircraft as.
 * @param {Run} run @param {number} site @param {number} aircraft @param {Point} span */
function beliefChart(run, site, aircraft, span) {
  const [from, to] = span, tall = 104, { picture, x, now } = chart("P(hostile) at site " + run.sites[site].name, tall, span);
  /** @param {number} p */
  const y = (p) => 6 + (1 - p) * 70;
  for (const p of [0, 0.5, 1]) {
    picture.append(svg("line", { class: "gr", x1: LEFT, x2: WIDE - 4, y1: y(p), y2: y(p) }), svg("text", { class: "ts", x: LEFT - 4, y: y(p) + 4, "text-anchor": "end" }, String(p)));
  }
  const threshold = run.classes[run.sites[site].class].threshold;
  if (threshold !== null) {
    picture.append(svg("line", { class: "threshold", x1: LEFT, x2: WIDE - 4, y1: y(threshold), y2: y(threshold) }),
      svg("text", { class: "ts halo", x: WIDE - 6, y: y(threshold) - 3, "text-anchor": "end" }, "threshold " + threshold));
  }
  const rows = run.weighed.get(pair(site, aircraft)) ?? [];
  for (const track of run.tracked.get(pair(site, aircraft)) ?? []) {
    if (track[3] < from || track[2] > to) continue;
    const of = rows.filter((row) => row[2] >= track[2] && row[2] <= track[3] && row[2] <= to);
    const first = of.findLastIndex((row) => row[2] <= from);
    let d = "", last = 0;
    for (const row of of.slice(Math.max(first, 0))) {
      last = y(probability(row[3][row[3].length - 1][3]));
      d += d ? `H${x(row[2]).toFixed(1)}V${last.toFixed(1)}` : `M${x(row[2]).toFixed(1)} ${last.toFixed(1)}`;
    }
    if (d) picture.append(svg("path", { class: "curve", d: d + "H" + x(track[3]).toFixed(1) }));
  }
  // Identity, as a strip.
  const changes = (run.held.get(pair(site, aircraft)) ?? []).map((row) => row[2]).concat((run.tracked.get(pair(site, aircraft)) ?? []).flatMap((track) => [track[2], track[3]]));
  const edges = [from, ...changes.filter((t) => t > from && t < to).sort((a, b) => a - b), to];
  edges.slice(1).forEach((end, i) => {
    const held = belief(run, site, aircraft, edges[i]);
    if (held) picture.append(svg("rect", { class: "m-" + (FRAMES[held] ?? FRAMES.unknown)[0], x: x(edges[i]), y: 80, width: Math.max(x(end) - x(edges[i]), 0.6), height: DOUBTFUL.has(held) ? 4 : 8 }));
  });
  for (const shot of run.shots) {
    if (shot.site !== site || shot.aircraft !== aircraft || shot.from < from || shot.from > to) continue;
    picture.append(svg("line", { class: shot.wrong ? "shot bad" : "shot", x1: x(shot.from), x2: x(shot.from), y1: 2, y2: 91 }));
  }
  picture.append(now, svg("text", { class: "ts", x: LEFT, y: tall - 2 }, clock(Math.max(from, 0)).slice(0, 5)),
    svg("text", { class: "ts", x: WIDE - 4, y: tall - 2, "text-anchor": "end" }, clock(to).slice(0, 5)));
  return picture;
}

/** Height, speed over the window, and what they are now. @param {Aircraft} who @param {Point} span */
function flightChart(who, span) {
  const [from, to] = span, tall = 42, { picture, x, now } = chart("Height and speed", tall, span);
  /** @type {[number, number, number][]} */
  const points = [];
  for (let i = 0; i <= 160; i++) {
    const t = from + ((to - from) * i) / 160;
    if (t >= who.flies[0] && t <= who.flies[1]) points.push([t, position(who, t)[2], speedAt(who, t)[0]]);
  }
  for (const [at, name] of /** @type {[1 | 2, string][]} */ ([[1, "height"], [2, "speed"]])) {
    const most = Math.max(...points.map((p) => p[at]), 1);
    const foot = at * 21 - 2, d = points.map((p, i) => (i ? "L" : "M") + x(p[0]).toFixed(1) + " " + (foot - (p[at] / most) * 14).toFixed(1)).join("");
    const top = Math.round(most) + (at === 1 ? " m" : " m/s");
    if (d) picture.append(svg("path", { class: name, d }), svg("text", { class: "ts", x: 0, y: foot - 4 }, name), svg("text", { class: "ts halo", x: WIDE - 4, y: foot - 8, "text-anchor": "end" }, "up to " + top));
  }
  picture.append(now);
  return picture;
}

/** What each ID source moved, as bars of log odds: left away from hostile, right towards it. @param {Run} run @param {Judged | null} judged */
function pushes(run, judged) {
  const steps = judged ? judged[3] : [], tall = steps.length * 17 + 2, middle = 226, most = 3.5;
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${tall}`, role: "img", "aria-label": "What each ID source moved" });
  picture.append(svg("line", { class: "zero", x1: middle, x2: middle, y1: 0, y2: tall }));
  let before = 0;
  steps.forEach(([source, said, age, odds], i) => {
    const moved = odds - before, y = i * 17 + 2, long = (Math.min(Math.abs(moved), most) / most) * 60;
    before = odds;
    const name = plain(run.said[source]) + (run.said[said] ? ": " + plain(run.said[said]) : "") + (age ? ", " + age + " s" : "");
    picture.append(svg("text", { class: "tx", x: 2, y: y + 11 }, name.length > 28 ? name.slice(0, 27) + "\u2026" : name),
      svg("rect", { class: moved > 0 ? "m-bad" : "m-c0", x: moved > 0 ? middle : middle - long, y: y + 2, width: Math.max(long, 0.5), height: 10 }),
      svg("text", { class: "ts", x: WIDE - 4, y: y + 11, "text-anchor": "end" }, "P " + share(probability(odds))));
    const told = svg("title", {}, name + ": odds \u00d7 " + Math.exp(moved).toPrecision(2));
    picture.lastElementChild?.before(told);
  });
  return picture;
}

/** The chosen track at the chosen site, one card a run. @param {State} state */
function story(state) {
  const panel = byId("story", HTMLElement);
  const chosen = runs.map((run) => own(run, state));
  const spans = runs.map((run, i) => (run.aircraft[chosen[i].picked] ? windowOf(run.aircraft[chosen[i].picked], state.t)[0] : 0));
  const key = [state.picked, state.site, minutes, ...spans].join();
  if (key !== shown) {
    shown = key;
    moving = [];
    panel.replaceChildren();
    if (state.picked < 0) panel.append(element("h2", "No track chosen"), element("p", "Click or choose an aircraft: what it is, what the site makes of it, and why.", "meta"));
    runs.forEach((run, i) => card(panel, run, chosen[i].picked, chosen[i].site));
  }
  for (const move of moving) move(state.t);
}

/** What a site does about a track. */
const ACTS = new Set(["engagement_begun", "shot_fired", "shot_declined", "shot_missed", "shot_wasted", "shot_aborted", "destroyed", "engagement_ended"]);

/** @param {HTMLElement} panel @param {Run} run @param {number} aircraft @param {number} site */
function card(panel, run, aircraft, site) {
  const who = run.aircraft[aircraft];
  if (!who) return;
  const head = element("h2", who.name + (runs.length > 1 ? ", " + run.name : ""));
  const span = element("button", minutes ? "whole flight" : "half an hour", "small");
  span.addEventListener("click", () => { minutes = minutes ? 0 : 30; state.dirty = true; });
  head.append(" ", span);
  const at = run.sites[site];
  panel.append(head, element("p", plain(run.types[who.type][0]) + " of " + run.sides[who.side] +
    (at ? ", " + affiliation(run, site, aircraft) + " to site " + at.name : "") + (who.destroyed ? "; shot down at " + clock(who.flies[1]) : ""), "meta"));
  const window = windowOf(who, state.t);
  if (at) {
    const now = element("p", "", "now"), bars = element("div", "", "pushes");
    const did = element("p", "", "now");
    const acts = run.events.filter((e) => e[2] === aircraft && e[3] === site && ACTS.has(e[1]));
    panel.append(now, beliefChart(run, site, aircraft, window), did);
    // Two cards share the room: what moved the belief is folded there.
    if (runs.length > 1) { const folded = element("details", ""); folded.append(element("summary", "what each ID source moved", "meta"), bars); panel.append(folded); }
    else panel.append(bars);
    /** @type {Judged | null | undefined} */
    let last;
    moving.push((t) => {
      const held = belief(run, site, aircraft, t), judged = held === null ? null : weighed(run, site, aircraft, t);
      now.textContent = held === null ? "Site " + at.name + " has no track of it."
        : "Site " + at.name + " identified it as " + plain(held) + (judged ? "; P(hostile) " + share(probability(judged[3][judged[3].length - 1][3])) : "") + ".";
      const on = spot(), act = on && acts.includes(on.event) ? on.event : acts[lastAt(acts, (e) => e[0], reached())];
      did.textContent = act ? clock(act[0]) + "  " + act[7] : "";
      if (judged === last) return;
      last = judged;
      bars.replaceChildren(...(judged ? [pushes(run, judged)] : []));
    });
  }
  // Under both sets of rules it flies alike, until it is lost.
  if (runs.length > 1 && run !== runs[runs.length - 1]) return;
  const flight = element("p", "", "flight");
  panel.append(flight, flightChart(who, window));
  moving.push((t) => { flight.textContent = flying(who, t) ? flightWords(who, t) : "Not in the air."; });
}

/** @param {Aircraft} who @param {number} t */
function flightWords(who, t) {
  const [, , height, course] = position(who, t), [speed, climb] = speedAt(who, t);
  return "Height " + Math.round(height) + " m, speed " + Math.round(speed) + " m/s" + (Math.abs(climb) > 0.05 ? ", climb " + climb.toFixed(1) + " m/s" : "") +
    ", course " + String(Math.round((course * 180) / Math.PI + 360) % 360).padStart(3, "0") + "\u00b0";
}

/** What is under a pointer that rests. @param {HTMLElement} card @param {HTMLCanvasElement} canvas @param {Run} run @param {Point} place @param {Point} on */
function hover(card, canvas, run, place, on) {
  const { aircraft, site } = under(canvas, run, ...place), side = data.grid.side;
  const lines = [];
  if (aircraft >= 0) {
    const who = run.aircraft[aircraft], eyes = own(run, state).site, at = run.sites[eyes];
    lines.push(who.name, plain(run.types[who.type][0]) + " of " + run.sides[who.side], flightWords(who, state.t));
    if (at) {
      const held = belief(run, eyes, aircraft, state.t), judged = held === null ? null : weighed(run, eyes, aircraft, state.t);
      lines.push("To site " + at.name + " it is " + affiliation(run, eyes, aircraft) + "; identified as " + (held === null ? "nothing: no track" : plain(held)) +
        (judged ? ", P(hostile) " + share(probability(judged[3][judged[3].length - 1][3])) : ""));
    }
  } else if (site >= 0) {
    const one = run.sites[site];
    lines.push("site " + one.name, plain(run.classes[one.class].name) + " of " + run.sides[one.side]);
  }
  const square = squareName(Math.floor(on[0] / side), Math.floor(on[1] / side));
  if (square) lines.push(square);
  card.hidden = !lines.length || aircraft < 0 && site < 0 && !square;
  card.replaceChildren(...lines.map((line, i) => element(i ? "div" : "b", line)));
  card.style.left = Math.min(place[0] + 14, canvas.clientWidth - 220) + "px";
  card.style.top = Math.min(place[1] + 14, canvas.clientHeight - 20 * lines.length - 16) + "px";
}

/** Kinds of events, and which are listed. @type {[string, string, boolean][]} */
const KINDS = [
  ["wrong", "wrong fire", true], ["fire", "other fire", true], ["outcome", "outcomes", true], ["hostile", "identified as hostile", true],
  ["identity", "other identity", false], ["held", "fire held", false], ["told", "plans, messages", false], ["flight", "the rest", false],
];
/** @type {Record<string, boolean>} */
const listed = Object.fromEntries(KINDS.map(([kind, , on]) => [kind, on]));
let onlyTrack = false, onlyDiffering = false, words = "";

/** @param {Told} e */
function kindOf(e) {
  const code = e[1];
  if (e[6] === 0) return "wrong";
  if (["destroyed", "objective_reached", "separation_lost", "near_midair"].includes(code)) return "outcome";
  if (code === "shot_declined") return "held";
  if (/^(shot|engagement)_/.test(code)) return "fire";
  if (/^(identity|track|declared)/.test(code)) return e[6] <= 4 ? "hostile" : "identity";
  if (/^(plan|query|request|report|deviation|cease)/.test(code)) return "told";
  return "flight";
}

/** What the other run does not tell at that moment: what follows from the change. @type {Set<Told>} */
const differing = new Set(runs.length < 2 ? [] : runs.flatMap((run, i) => {
  const other = new Set(runs[1 - i].events.map((e) => e[0] + e[7]));
  return run.events.filter((e) => !other.has(e[0] + e[7]));
}));

/** What is told with the evidence that it rests on. */
const JUDGED = ["identity_changed", "engagement_begun"];

/** Most events in the list at once. */
const MOST = 600;
/** All that is listed, in order of time. @type {{run: Run, number: number, e: Told}[]} */
let listing = [];
/** Its rows, those around the clock, from which of them on. @type {HTMLElement[]} */
let rows = [];
let firstRow = 0, marked = -2;

function filters() {
  const place = byId("filters", HTMLElement);
  // Where nobody fires there is nothing but the rest to list.
  if (!runs.some((run) => run.events.some((e) => listed[kindOf(e)]))) for (const [kind] of KINDS) listed[kind] = true;
  for (const [kind, name] of KINDS) place.append(tick_box(name, listed[kind], (yes) => { listed[kind] = yes; list(); }));
  place.append(tick_box("only the chosen track", false, (yes) => { onlyTrack = yes; list(); }));
  if (runs.length > 1) place.append(tick_box("only where they differ", false, (yes) => { onlyDiffering = yes; list(); }));
  const find = byId("find", HTMLInputElement);
  find.addEventListener("input", () => { words = find.value.trim().toLowerCase(); list(); });
}

/** Makes the list of events anew. */
function list() {
  const track = names.aircraft[state.picked];
  listing = runs.flatMap((run, number) => run.events.filter((e) => listed[kindOf(e)] && (!words || e[7].toLowerCase().includes(words)) &&
    (!onlyTrack || run.aircraft[e[2]]?.name === track) && (!onlyDiffering || differing.has(e))).map((e) => ({ run, number, e })));
  listing.sort((a, b) => a.e[0] - b.e[0] || a.number - b.number);
  lay();
}

/** Makes the rows of the list: those around the clock, where there are too many. */
function lay() {
  const all = listing;
  firstRow = Math.max(0, Math.min(listedNow() - MOST / 2, all.length - MOST));
  const some = all.slice(firstRow, firstRow + MOST);
  rows = some.map(({ run, number, e }) => {
    const row = element("li", "", kindOf(e) === "wrong" ? "bad" : ""), button = element("button", clock(e[0]));
    // The list itself is one stop of the keyboard, not six hundred.
    button.tabIndex = -1;
    button.addEventListener("click", () => goTo(run, e));
    row.append(button);
    if (runs.length > 1) row.append(element("b", "AB"[number], differing.has(e) ? "run differs" : "run"));
    const told = element("span", e[7]);
    const because = onlyTrack && JUDGED.includes(e[1]) && run.held.get(pair(e[3], e[2]))?.find((belief) => belief[2] === e[0]);
    if (because) told.append(element("small", because[4]));
    row.append(told);
    return row;
  });
  byId("events", HTMLElement).replaceChildren(...rows);
  byId("count", HTMLElement).textContent = some.length < all.length ? `${some.length} of ${all.length} events, around the clock` : all.length === 1 ? "1 event" : all.length + " events";
  document.body.dataset.listed = String(all.length);
  marked = -2;
  state.dirty = true;
}

/** Where in all that is listed the clock is: at the event gone to, or the last before. */
function listedNow() {
  const on = spot(), at = on ? listing.findIndex((one) => one.e === on.event) : -1;
  return at < 0 ? lastAt(listing, (one) => one.e[0], reached()) : at;
}

/** Marks in the list where the clock is. */
function mark() {
  const now = listedNow();
  if (now >= 0 && (now < firstRow || now >= firstRow + rows.length)) lay();
  const at = now - firstRow;
  if (at === marked) return;
  rows.forEach((row, i) => { row.classList.toggle("now", i === at); row.classList.toggle("later", i > at); });
  marked = at;
  const box = byId("events", HTMLElement), row = rows[Math.max(at, 0)];
  if (row && !box.matches(":hover")) box.scrollTop = row.offsetTop - box.clientHeight / 2;
}

byId("events", HTMLElement).addEventListener("keydown", (e) => {
  if (e.key === "Enter" && e.target === e.currentTarget) rows[marked]?.querySelector("button")?.click();
});

/** What the list was last said to hold: the event gone to, and of another run the last before. */
function told() {
  const now = listedNow(), on = spot();
  const said = runs.map((run) => {
    const last = on?.run === run ? on.event : listing.slice(0, now + 1).findLast((one) => one.run === run)?.e;
    return last ? clock(last[0]) + "  " + last[7] : "";
  });
  const text = runs.length > 1 ? runs.map((run, i) => "AB"[i] + ": " + (said[i] || "nothing yet")).join("\n") : said[0];
  const place = byId("told", HTMLElement);
  if (place.textContent !== text) place.textContent = text;
}

