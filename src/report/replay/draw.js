// What moves: sites and their reach, aircraft with truth and belief, shots, notices.

/** What an aircraft is identified as, as a frame after STANAG 1241 and APP-6: shape says it without colour too. @type {Record<string, [string, string]>} */
const FRAMES = {
  friend: ["c0", "round"], assumed_friend: ["c0", "round"], neutral: ["c2", "square"], hostile: ["bad", "diamond"],
  suspect: ["bad", "diamond"], unknown: ["c4", "clover"], pending: ["c4", "clover"],
};
const DOUBTFUL = new Set(["assumed_friend", "suspect", "pending"]);

/** The frame of something in the air: open below where it is a belief around what it is. @param {CanvasRenderingContext2D} pen @param {string} shape @param {number} x @param {number} y @param {number} r */
function frame(pen, shape, x, y, r) {
  pen.beginPath();
  if (shape === "round") { pen.moveTo(x - r, y + r * 0.8); pen.lineTo(x - r, y); pen.arc(x, y, r, Math.PI, 2 * Math.PI); pen.lineTo(x + r, y + r * 0.8); }
  else if (shape === "square") { pen.moveTo(x - r, y + r * 0.8); pen.lineTo(x - r, y - r); pen.lineTo(x + r, y - r); pen.lineTo(x + r, y + r * 0.8); }
  else if (shape === "diamond") { pen.moveTo(x - r, y + r * 0.8); pen.lineTo(x - r, y - r * 0.2); pen.lineTo(x, y - r * 1.3); pen.lineTo(x + r, y - r * 0.2); pen.lineTo(x + r, y + r * 0.8); }
  else { const q = r * 0.55; pen.moveTo(x - r * 0.8, y + r * 0.8); pen.arc(x - q, y + r * 0.1, q, Math.PI * 0.65, Math.PI * 1.45); pen.arc(x, y - q, q, Math.PI * 1.05, Math.PI * 1.95); pen.arc(x + q, y + r * 0.1, q, Math.PI * 1.55, Math.PI * 2.35); pen.lineTo(x + r * 0.8, y + r * 0.8); }
}

/** What kind of aircraft it is, inside its frame. @param {CanvasRenderingContext2D} pen @param {string} kind @param {number} x @param {number} y */
function glyph(pen, kind, x, y) {
  pen.lineWidth = 1.5;
  pen.beginPath();
  if (kind === "fixed_wing") { pen.moveTo(x, y - 4); pen.lineTo(x, y + 4); pen.moveTo(x - 4.5, y); pen.lineTo(x + 4.5, y); pen.moveTo(x - 2, y + 4); pen.lineTo(x + 2, y + 4); }
  else if (kind === "uav") { pen.moveTo(x - 4.5, y - 2); pen.lineTo(x, y + 2.5); pen.lineTo(x + 4.5, y - 2); }
  else { pen.moveTo(x - 4, y - 3); pen.lineTo(x + 4, y + 3); pen.moveTo(x + 4, y - 3); pen.lineTo(x - 4, y + 3); if (kind === "uav_rotorcraft") { pen.moveTo(x - 2, y + 4); pen.lineTo(x + 2, y + 4); } }
  pen.stroke();
}

/** What an aircraft is to a site, in truth. @param {Run} run @param {number} site @param {number} aircraft */
function affiliation(run, site, aircraft) {
  const s = run.sites[site] || run.sites[0];
  return s ? run.relations[s.side][run.aircraft[aircraft].side] : "neutral";
}

/** @param {Scene} scene */
function drawSites({ pen, run, chosen, at, labels }) {
  const picked = run.aircraft[chosen.picked];
  const rcs = picked ? run.types[picked.type][1] : 1;
  run.sites.forEach((site, number) => {
    const kind = run.classes[site.class], [x, y] = at(site.at[0], site.at[1]);
    const first = number === chosen.site;
    const reach = Math.min(kind.farthest, kind.disc ? kind.detects : kind.detects * Math.pow(rcs, 0.25));
    pen.lineWidth = first ? 1.6 : 1;
    pen.globalAlpha = first ? 0.95 : 0.4;
    pen.strokeStyle = ink.c0;
    if (layers.detection) {
      pen.setLineDash([5, 4]);
      pen.beginPath(); pen.arc(x, y, reach * view.perM, 0, 7); pen.stroke();
      pen.setLineDash([]);
    }
    if (kind.engages && layers.engagement) {
      pen.strokeStyle = ink.bad;
      pen.beginPath(); pen.arc(x, y, kind.engages[1] * view.perM, 0, 7); pen.stroke();
      pen.fillStyle = ink.bad;
      pen.globalAlpha = first ? 0.07 : 0.03;
      pen.fill();
    }
    pen.globalAlpha = 1;
    // As the chosen site holds its side: a box for a friend, a diamond for a hostile; a dome for air defence.
    const eyes = run.sites[chosen.site] ?? site, affiliation = run.relations[eyes.side][site.side];
    pen.fillStyle = ink[(FRAMES[affiliation] ?? FRAMES.neutral)[0]];
    pen.strokeStyle = first ? ink.ink : ink.paper; pen.lineWidth = first ? 2 : 1;
    pen.beginPath();
    if (affiliation === "hostile") { pen.moveTo(x, y - 11); pen.lineTo(x + 11, y); pen.lineTo(x, y + 11); pen.lineTo(x - 11, y); pen.closePath(); }
    else { const half = affiliation === "friend" ? 10 : 8; pen.rect(x - half, y - 7.5, 2 * half, 15); }
    pen.fill(); pen.stroke();
    pen.strokeStyle = ink.paper; pen.lineWidth = 1.5;
    pen.beginPath(); pen.arc(x, y + 5, 5.5, Math.PI, 2 * Math.PI); pen.stroke();
    labels.keep(x, y, 9);
    labels.ask(first ? RANK.picked : RANK.site, site.name, [x, y], 13, first ? ink.ink : ink.soft,
      (first ? "600 " : "") + "12px system-ui,sans-serif");
  });
}

/** A point along a chain of points, by the share of its length. @param {Point[]} way @param {number} share @returns {Point} */
function along(way, share) {
  const lengths = way.slice(1).map((p, i) => Math.hypot(p[0] - way[i][0], p[1] - way[i][1]));
  let left = share * lengths.reduce((sum, one) => sum + one, 0);
  for (let i = 0; i < lengths.length; i++) {
    if (left <= lengths[i] && lengths[i] > 0) {
      const part = left / lengths[i];
      return [way[i][0] + (way[i + 1][0] - way[i][0]) * part, way[i][1] + (way[i + 1][1] - way[i][1]) * part];
    }
    left -= lengths[i];
  }
  return way[way.length - 1];
}

/** Plans on their way: from node to node of the coordination graph, and from the last to the site. @param {Scene} scene */
function drawNotices({ pen, run, t, at, labels }) {
  const used = [...new Set(run.notices.flatMap((notice) => notice[4]))].sort((a, b) => a - b);
  if (!used.length) return;
  pen.font = "11px system-ui,sans-serif";
  /** @type {Map<number, Point>} */
  const box = new Map(); // the right edges of their middles
  const wide = Math.max(...used.map((node) => pen.measureText(run.nodes[node]).width)) + 14;
  used.forEach((node, i) => box.set(node, [12 + wide, 21 + i * 30]));
  pen.strokeStyle = ink.c3;
  pen.lineWidth = 1.2;
  for (const [from, to] of run.links) {
    const start = box.get(from), end = box.get(to);
    if (!start || !end) continue;
    // A bow on the right of the column, with a head where it arrives.
    const x = start[0], out = 10 + 4 * Math.abs(end[1] - start[1]) / 30;
    pen.beginPath(); pen.moveTo(x, start[1]); pen.bezierCurveTo(x + out, start[1], x + out, end[1], x + 1, end[1]);
    pen.moveTo(x + 7, end[1] - 4); pen.lineTo(x + 1, end[1]); pen.lineTo(x + 7, end[1] + 4); pen.stroke();
  }
  for (const [node, [x, y]] of box) {
    pen.fillStyle = ink.paper; pen.strokeStyle = ink.c3;
    pen.fillRect(x - wide, y - 9, wide, 18); pen.strokeRect(x - wide, y - 9, wide, 18);
    pen.fillStyle = ink.ink; pen.fillText(run.nodes[node], x - wide + 7, y + 4);
    labels.taken.push([x - wide, y - 9, x, y + 9]);
  }
  for (const [aircraft, site, sent, received, nodes] of run.notices) {
    // What ends at a node stays to be seen for ten minutes, what reaches a site for one.
    if (t < sent || t > received + (site < 0 ? 600000 : 60000)) continue;
    const way = nodes.map((node) => box.get(node)).filter((place) => place !== undefined);
    if (site >= 0) way.push(at(run.sites[site].at[0], run.sites[site].at[1]));
    const last = way[way.length - 1];
    const [x, y] = site < 0 ? [last[0] + 18, last[1]] : along(way, received > sent ? Math.min(1, (t - sent) / (received - sent)) : 1);
    if (site >= 0) {
      pen.strokeStyle = ink.c3; pen.globalAlpha = 0.35; pen.lineWidth = 1;
      pen.beginPath(); way.forEach((p, i) => (i ? pen.lineTo(p[0], p[1]) : pen.moveTo(p[0], p[1]))); pen.stroke();
      pen.globalAlpha = 1;
    }
    pen.fillStyle = ink.paper; pen.strokeStyle = ink.c3; pen.lineWidth = 1.4;
    pen.fillRect(x - 7, y - 5, 14, 10); pen.strokeRect(x - 7, y - 5, 14, 10);
    pen.beginPath(); pen.moveTo(x - 7, y - 5); pen.lineTo(x, y + 1); pen.lineTo(x + 7, y - 5); pen.stroke();
    labels.ask(RANK.notice, "plan of " + run.aircraft[aircraft].name, [x, y], 10, ink.c3);
  }
}

/** @param {Scene} scene */
function drawShots({ pen, run, t, at, labels }) {
  for (const shot of run.shots) {
    // A shot stays to be seen for two minutes after its end.
    if (t < shot.from || t > shot.to + 120000) continue;
    const site = run.sites[shot.site], target = position(run.aircraft[shot.aircraft], Math.min(t, shot.to));
    const [x0, y0] = at(site.at[0], site.at[1]), [x1, y1] = at(target[0], target[1]);
    const share = shot.to > shot.from ? Math.min(1, (t - shot.from) / (shot.to - shot.from)) : 1;
    const x = x0 + (x1 - x0) * share, y = y0 + (y1 - y0) * share;
    const colour = shot.wrong ? ink.bad : ink.ink, font = "600 11px system-ui,sans-serif";
    pen.strokeStyle = colour;
    pen.lineWidth = shot.wrong ? 3 : 1.8;
    pen.globalAlpha = t > shot.to ? 0.45 : 1;
    pen.beginPath(); pen.moveTo(x0, y0); pen.lineTo(x, y); pen.stroke();
    pen.globalAlpha = 1;
    if (t < shot.to) {
      pen.fillStyle = colour;
      pen.beginPath(); pen.arc(x, y, 3.5, 0, 7); pen.fill();
    } else if (shot.end === "destroyed") {
      pen.lineWidth = 3;
      pen.beginPath(); pen.moveTo(x - 9, y - 9); pen.lineTo(x + 9, y + 9); pen.moveTo(x + 9, y - 9); pen.lineTo(x - 9, y + 9); pen.stroke();
      labels.ask(RANK.shot, "shot down: " + run.aircraft[shot.aircraft].name + (shot.wrong ? " (wrong)" : ""), [x, y], 12, colour, font);
    } else if (shot.end !== "under_way") {
      pen.beginPath(); pen.arc(x, y, 8, 0, 7); pen.stroke();
      labels.ask(RANK.shot, shot.end === "shot_missed" ? "miss" : "target gone", [x, y], 11, ink.soft, font);
    }
  }
}

/** The way that the picked aircraft has flown: every half minute of the last two hours. @param {Scene} scene @param {Aircraft} aircraft */
function drawWay({ pen, t, at }, aircraft) {
  pen.strokeStyle = ink.ink; pen.globalAlpha = 0.5; pen.lineWidth = 1.3;
  /** @type {Point[]} */
  const flown = [];
  for (let s = Math.max(aircraft.flies[0], t - 7200000); s < t; s += 30000) {
    const p = position(aircraft, s);
    flown.push([p[0], p[1]]);
  }
  const now = position(aircraft, t);
  chain(pen, [...flown, [now[0], now[1]]], at, false);
  pen.stroke();
  pen.globalAlpha = 1;
}

/** Filled, what it is; around it, what the chosen site identified it as. @param {Scene} scene */
function drawAircraft(scene) {
  const { pen, run, chosen, t, at, labels } = scene;
  run.aircraft.forEach((aircraft, number) => {
    // What was shot down leaves its way, as long as it is the chosen track.
    if (number === chosen.picked && layers.paths && aircraft.destroyed && t >= aircraft.flies[1]) drawWay({ ...scene, t: aircraft.flies[1] - 1 }, aircraft);
    if (!flying(aircraft, t)) return;
    const [east, north, , course] = position(aircraft, t), [x, y] = at(east, north);
    const truth = FRAMES[affiliation(run, chosen.site, number)] || FRAMES.neutral, picked = number === chosen.picked;
    if (picked && layers.paths) drawWay(scene, aircraft);
    // Where it is heading.
    pen.strokeStyle = picked ? ink.ink : ink.soft; pen.lineWidth = 1.5;
    pen.beginPath(); pen.moveTo(x, y); pen.lineTo(x + 22 * Math.sin(course), y - 22 * Math.cos(course)); pen.stroke();
    frame(pen, truth[1], x, y, 8);
    pen.closePath();
    pen.fillStyle = ink[truth[0]]; pen.fill();
    pen.strokeStyle = ink.paper;
    glyph(pen, run.types[aircraft.type][2], x, y);
    const held = belief(run, chosen.site, number, t);
    if (held) {
      const [colour, shape] = FRAMES[held] || FRAMES.unknown;
      pen.strokeStyle = ink[colour]; pen.lineWidth = 2.4;
      if (DOUBTFUL.has(held)) pen.setLineDash([3, 3]);
      frame(pen, shape, x, y, 14); pen.stroke();
      pen.setLineDash([]);
    }
    labels.keep(x, y, 7);
    labels.ask(picked ? RANK.picked : RANK.aircraft, aircraft.name, [x, y], held ? 18 : 12, picked ? ink.ink : ink.soft,
      (picked ? "600 " : "") + "11px system-ui,sans-serif");
  });
}
