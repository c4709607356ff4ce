// What the page was given, and questions about it at a time t (ms since the start).

/**
 * @typedef {{name:string, type:number, side:number, flies:[number,number], destroyed:boolean, legs:number[][]}} Aircraft
 * @typedef {{name:string, class:number, side:number, at:[number,number]}} Site
 * @typedef {{site:number, aircraft:number, number:number, from:number, to:number, at:[number,number], end:string, wrong:boolean}} Shot
 * @typedef {{name:string, sides:string[], types:[string,number][], classes:any[], relations:string[][], nodes:string[],
 *   areas:{name:string, kind:string, points:[number,number][]}[], sites:Site[], aircraft:Aircraft[], events:any[][],
 *   tracks:number[][], beliefs:any[][], shots:Shot[], notices:number[][], held:Map<string, any[]>, tracked:Map<string, number[][]>,
 *   own:{aircraft:number[], sites:number[]}}} Run
 */

const data = JSON.parse(document.getElementById("data").textContent);
/** @type {Run[]} */
const runs = data.runs;

/** The names in any run, those of the first as it numbers them. Two runs may number the same aircraft differently. */
const names = {
  aircraft: [...new Set(runs.flatMap((run) => run.aircraft.map((one) => one.name)))],
  sites: [...new Set(runs.flatMap((run) => run.sites.map((one) => one.name)))],
};
for (const run of runs) {
  const numbers = (list, all) => {
    const by = new Map(list.map((one, number) => [one.name, number]));
    return all.map((name) => by.get(name) ?? -1);
  };
  run.own = { aircraft: numbers(run.aircraft, names.aircraft), sites: numbers(run.sites, names.sites) };
}

/** What is picked, as a run numbers it; -1 for what it does not have. @param {Run} run */
const own = (run, state) => ({ picked: run.own.aircraft[state.picked] ?? -1, site: run.own.sites[state.site] ?? -1 });

/** @param {number} site @param {number} aircraft */
const pair = (site, aircraft) => site + "/" + aircraft;

for (const run of runs) {
  run.held = new Map();
  run.tracked = new Map();
  const into = (map, row) => {
    const key = pair(row[0], row[1]);
    map.has(key) ? map.get(key).push(row) : map.set(key, [row]);
  };
  run.beliefs.forEach((row) => into(run.held, row));
  run.tracks.forEach((row) => into(run.tracked, row));
}

/** The last row whose value at `column` is at most `t`; -1 before all. @param {any[][]} rows */
function lastAt(rows, column, t) {
  let low = 0, high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    rows[middle][column] <= t ? (low = middle + 1) : (high = middle);
  }
  return low - 1;
}

/** Where an aircraft is: east, north, altitude in m, course in rad from north. @param {Aircraft} aircraft */
function position(aircraft, t) {
  const s = t / 1000, legs = aircraft.legs;
  if (!legs.length) return null;
  const leg = legs[Math.max(0, lastAt(legs, 0, s))];
  const dt = Math.min(Math.max(s, leg[0]), leg[1]) - leg[0];
  if (leg[2] === 0) {
    return [leg[3] + leg[5] * dt, leg[4] + leg[6] * dt, leg[7] + leg[8] * dt, Math.atan2(leg[5], leg[6])];
  }
  const angle = leg[6] + leg[7] * dt, turn = Math.sign(leg[7]);
  return [leg[3] + leg[5] * Math.cos(angle), leg[4] + leg[5] * Math.sin(angle), leg[8],
    Math.atan2(-turn * Math.sin(angle), turn * Math.cos(angle))];
}

/** @param {Aircraft} aircraft */
const flying = (aircraft, t) => t >= aircraft.flies[0] && t < aircraft.flies[1];

/** What the picked site holds an aircraft for: null without a track. @param {Run} run */
function belief(run, site, aircraft, t) {
  const tracks = run.tracked.get(pair(site, aircraft));
  if (!tracks || !tracks.some((track) => track[2] <= t && t < track[3])) return null;
  const rows = run.held.get(pair(site, aircraft));
  const at = rows ? lastAt(rows, 2, t) : -1;
  const start = tracks[lastAt(tracks, 2, t)][2];
  return at < 0 || rows[at][2] < start ? "pending" : rows[at][3];
}

/** Time of day. */
function clock(t) {
  const date = new Date(data.start_utc_ms + t);
  return date.toISOString().slice(11, 19);
}
function date(t) {
  return new Date(data.start_utc_ms + t).toISOString().slice(0, 10);
}

/** Events that decide something: shots, kills, objectives, who was held hostile. */
const DECISIVE = new Set(["engagement_begun", "shot_fired", "destroyed", "objective_reached"]);
const decisive = [...new Set(runs.flatMap((run) => run.events.filter((e) => DECISIVE.has(e[1]) || e[6] <= 2).map((e) => e[0])))].sort((a, b) => a - b);
