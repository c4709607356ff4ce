// What the page was given, and questions about it at a time t (ms since the start).

/**
 * @typedef {[number, number]} Point metres east and north, or pixels
 * @typedef {{name: string, type: number, side: number, flies: Point, destroyed: boolean, legs: number[][]}} Aircraft
 * @typedef {{name: string, class: number, side: number, at: Point}} Site
 * @typedef {{name: string, detects: number, disc: boolean, farthest: number, engages: Point | null, threshold: number | null}} SiteClass
 * @typedef {{site: number, aircraft: number, number: number, from: number, to: number, at: Point, end: string, wrong: boolean}} Shot
 * @typedef {{name: string, kind: string, points: Point[]}} Outline
 * @typedef {[t: number, code: string, aircraft: number, site: number, east: number, north: number, rank: number, words: string]} Told
 * @typedef {[site: number, aircraft: number, confirmed: number, ended: number]} Track
 * @typedef {[site: number, aircraft: number, t: number, identity: string, evidence: string]} Belief
 * @typedef {[source: number, said: number, age: number, logOdds: number]} Step what an ID source said, and the log odds of hostile after it
 * @typedef {[site: number, aircraft: number, t: number, steps: Step[]]} Judged
 * @typedef {[aircraft: number, site: number, sent: number, received: number, way: number[]]} Notice
 * @typedef {{name: string, sides: string[], types: [string, number, string][], classes: SiteClass[], relations: string[][],
 *   nodes: string[], links: Point[], areas: Outline[], sites: Site[], aircraft: Aircraft[], events: Told[],
 *   tracks: Track[], beliefs: Belief[], said: string[], judged: Judged[], shots: Shot[], notices: Notice[]}} Flown
 * @typedef {Flown & {held: Map<string, Belief[]>, tracked: Map<string, Track[]>, weighed: Map<string, Judged[]>, told: Told[], own: {aircraft: number[], sites: number[]}}} Run
 * @typedef {{side: number, west: number, south: number, columns: number, names: string[]}} Grid
 * @typedef {{start_utc_ms: number, end: number, whole: [number, number, number, number], coast: Point[][], land: Point[][], places: [string, number, number][],
 *   grid: Grid, parts: number | null, runs: Flown[]}} Data
 * @typedef {{t: number, playing: boolean, picked: number, site: number, follow: boolean, event: {t: number, run: Run, event: Told} | null,
 *   ruler: [Point, Point] | null, measuring: boolean, dirty: boolean, seek: (t: number) => void,
 *   play: () => void, pause: () => void}} State
 * @typedef {{picked: number, site: number}} Chosen
 * @typedef {{run: Run, event: Told}} Found
 */

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error("the page has no " + id);
  return found;
}

/** @type {Data} */
const data = JSON.parse(byId("data", HTMLScriptElement).text);

/** The names in any run, those of the first as it numbers them. Two runs may number the same aircraft differently. */
const names = {
  aircraft: [...new Set(data.runs.flatMap((run) => run.aircraft.map((one) => one.name)))],
  sites: [...new Set(data.runs.flatMap((run) => run.sites.map((one) => one.name)))],
};

/** @param {number} site @param {number} aircraft */
const pair = (site, aircraft) => site + "/" + aircraft;

/** Rows by site and aircraft. @template {[number, number, ...unknown[]]} R @param {R[]} rows */
function byPair(rows) {
  /** @type {Map<string, R[]>} */
  const map = new Map();
  for (const row of rows) {
    const key = pair(row[0], row[1]), list = map.get(key);
    list ? list.push(row) : map.set(key, [row]);
  }
  return map;
}

/** Where each of all names stands in a list; -1 if nowhere. @param {{name: string}[]} list @param {string[]} all */
function numbers(list, all) {
  const by = new Map(list.map((one, number) => [one.name, number]));
  return all.map((name) => by.get(name) ?? -1);
}

/** @type {Run[]} */
const runs = data.runs.map((run) => ({
  ...run,
  held: byPair(run.beliefs),
  tracked: byPair(run.tracks),
  weighed: byPair(run.judged),
  told: run.events.filter((event) => event[6] <= 4 && event[3] >= 0),
  own: { aircraft: numbers(run.aircraft, names.aircraft), sites: numbers(run.sites, names.sites) },
}));

/** What is picked, as a run numbers it; -1 for what it does not have. @param {Run} run @param {State} state @returns {Chosen} */
const own = (run, state) => ({ picked: run.own.aircraft[state.picked] ?? -1, site: run.own.sites[state.site] ?? -1 });

/** The last row whose time is at most `t`; -1 before all. @template R @param {R[]} rows @param {(row: R) => number} time @param {number} t */
function lastAt(rows, time, t) {
  let low = 0, high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    time(rows[middle]) <= t ? (low = middle + 1) : (high = middle);
  }
  return low - 1;
}

/** Where an aircraft is: east, north, altitude in m, course in rad from north. @param {Aircraft} aircraft @param {number} t @returns {[number, number, number, number]} */
function position(aircraft, t) {
  const s = t / 1000, legs = aircraft.legs;
  const leg = legs[Math.max(0, lastAt(legs, (one) => one[0], s))];
  const dt = Math.min(Math.max(s, leg[0]), leg[1]) - leg[0];
  if (leg[2] === 0) {
    return [leg[3] + leg[5] * dt, leg[4] + leg[6] * dt, leg[7] + leg[8] * dt, Math.atan2(leg[5], leg[6])];
  }
  const angle = leg[6] + leg[7] * dt, turn = Math.sign(leg[7]);
  return [leg[3] + leg[5] * Math.cos(angle), leg[4] + leg[5] * Math.sin(angle), leg[8],
    Math.atan2(-turn * Math.sin(angle), turn * Math.cos(angle))];
}

/** @param {Aircraft} aircraft @param {number} t */
const flying = (aircraft, t) => aircraft.legs.length > 0 && t >= aircraft.flies[0] && t < aircraft.flies[1];

/** What a site holds an aircraft for: null without a track. @param {Run} run @param {number} site @param {number} aircraft @param {number} t */
function belief(run, site, aircraft, t) {
  const tracks = run.tracked.get(pair(site, aircraft));
  if (!tracks || !tracks.some((track) => track[2] <= t && t < track[3])) return null;
  const rows = run.held.get(pair(site, aircraft)) ?? [];
  const at = lastAt(rows, (row) => row[2], t);
  const start = tracks[lastAt(tracks, (track) => track[2], t)][2];
  return at < 0 || rows[at][2] < start ? "pending" : rows[at][3];
}

/** @param {number} t */
const iso = (t) => new Date(data.start_utc_ms + t).toISOString();
/** Time of day. @param {number} t */
const clock = (t) => iso(t).slice(11, 19);
/** @param {number} t */
const date = (t) => iso(t).slice(0, 10);

/** What a site made of a track at its last declaration: nothing before the first. @param {Run} run @param {number} site @param {number} aircraft @param {number} t */
function weighed(run, site, aircraft, t) {
  const rows = run.weighed.get(pair(site, aircraft)) ?? [], at = lastAt(rows, (row) => row[2], t);
  return at < 0 ? null : rows[at];
}

/** A probability from log odds. @param {number} logOdds */
const probability = (logOdds) => 1 / (1 + Math.exp(-logOdds));

/** A shot at a friend, a neutral, or nobody. @param {Told} e */
function isWrongShot(e) { return e[1] === "shot_fired" && e[6] === 0; }

/** Events of all runs that are asked for, in order of time; what both tell alike is there once. @param {(e: Told) => boolean} asked @returns {Found[]} */
function found(asked) {
  const all = runs.flatMap((run) => run.events.filter(asked).map((event) => ({ run, event })));
  const heard = new Set();
  return all.sort((a, b) => a.event[0] - b.event[0]).filter(({ run, event }) => {
    const said = event[0] + event[7], again = heard.has(said) && run !== runs[0];
    heard.add(said);
    return !again;
  });
}

/** Events that decide something: shots, kills, objectives, who was identified as hostile. */
const DECISIVE = new Set(["engagement_begun", "shot_fired", "destroyed", "objective_reached", "separation_lost", "near_midair"]);
const decisive = found((e) => DECISIVE.has(e[1]) || e[6] <= 2);
const wrongShots = found(isWrongShot);
