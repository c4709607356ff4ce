// What moves: sites and their reach, aircraft with truth and belief, shots, notices.

/** What an aircraft is held for, as a frame after STANAG 1241 and APP-6: shape says it without colour too. */
const FRAMES = {
  friend: ["c0", "round"], assumed_friend: ["c0", "round"], neutral: ["c2", "square"], hostile: ["bad", "diamond"],
  suspect: ["bad", "diamond"], unknown: ["c4", "clover"], pending: ["c4", "clover"],
};
const DOUBTFUL = new Set(["assumed_friend", "suspect", "pending"]);

/** @param {CanvasRenderingContext2D} pen */
function frame(pen, shape, x, y, r) {
  pen.beginPath();
  if (shape === "round") pen.arc(x, y, r, 0, 7);
  else if (shape === "square") pen.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
  else if (shape === "diamond") { pen.moveTo(x, y - r * 1.25); pen.lineTo(x + r * 1.25, y); pen.lineTo(x, y + r * 1.25); pen.lineTo(x - r * 1.25, y); pen.closePath(); }
  else for (const [dx, dy] of [[0, -1], [1, 0], [0, 1], [-1, 0]]) { const q = r * 0.62; pen.moveTo(x + dx * q + q * 0.8, y + dy * q); pen.arc(x + dx * q, y + dy * q, q * 0.8, 0, 7); }
}

/** The colour of the truth, as the picked site should see it. @param {Run} run */
function regard(run, site, aircraft) {
  const s = run.sites[site] || run.sites[0];
  return s ? run.relations[s.side][run.aircraft[aircraft].side] : "neutral";
}

/** @param {Run} run */
function drawSites(pen, run, chosen, at) {
  const picked = run.aircraft[chosen.picked];
  const rcs = picked ? run.types[picked.type][1] : 1;
  run.sites.forEach((site, number) => {
    const kind = run.classes[site.class], [x, y] = at(site.at[0], site.at[1]);
    const first = number === chosen.site;
    const reach = Math.min(kind.farthest, kind.disc ? kind.detects : kind.detects * Math.pow(rcs, 0.25));
    pen.lineWidth = first ? 1.6 : 1;
    pen.globalAlpha = first ? 0.95 : 0.4;
    pen.strokeStyle = ink.c0;
    pen.setLineDash([5, 4]);
    pen.beginPath(); pen.arc(x, y, reach * view.perM, 0, 7); pen.stroke();
    pen.setLineDash([]);
    if (kind.engages) {
      pen.strokeStyle = ink.bad;
      pen.beginPath(); pen.arc(x, y, kind.engages[1] * view.perM, 0, 7); pen.stroke();
      pen.fillStyle = ink.bad;
      pen.globalAlpha = first ? 0.07 : 0.03;
      pen.fill();
    }
    pen.globalAlpha = 1;
    pen.fillStyle = first ? ink.ink : ink.soft;
    pen.beginPath(); pen.moveTo(x, y - 8); pen.lineTo(x + 8, y + 6); pen.lineTo(x - 8, y + 6); pen.closePath(); pen.fill();
    pen.font = (first ? "600 " : "") + "12px system-ui,sans-serif";
    write(pen, site.name, x + 10, y + 5, first ? ink.ink : ink.soft);
  });
}

/** Plans on their way, from the box of the node that hands them on. @param {Run} run */
function drawNotices(pen, run, t, at) {
  const used = [...new Set(run.notices.map((n) => n[4]))].filter((n) => n >= 0);
  if (!used.length) return;
  pen.font = "11px system-ui,sans-serif";
  const box = new Map();
  used.forEach((node, i) => {
    const text = run.nodes[node], y = 12 + i * 24, width = pen.measureText(text).width + 14;
    box.set(node, [12 + width / 2, y + 9]);
    pen.fillStyle = ink.paper; pen.strokeStyle = ink.c3; pen.lineWidth = 1.2;
    pen.fillRect(12, y, width, 18); pen.strokeRect(12, y, width, 18);
    pen.fillStyle = ink.ink; pen.fillText(text, 19, y + 13);
  });
  for (const [aircraft, site, sent, received, node] of run.notices) {
    const start = box.get(node);
    if (!start || t < sent || t > received + 60000) continue;
    const [x1, y1] = at(run.sites[site].at[0], run.sites[site].at[1]);
    const share = received > sent ? Math.min(1, (t - sent) / (received - sent)) : 1;
    const x = start[0] + (x1 - start[0]) * share, y = start[1] + (y1 - start[1]) * share;
    pen.strokeStyle = ink.c3; pen.globalAlpha = 0.35; pen.lineWidth = 1;
    pen.beginPath(); pen.moveTo(start[0], start[1]); pen.lineTo(x1, y1); pen.stroke();
    pen.globalAlpha = 1;
    pen.fillStyle = ink.paper; pen.strokeStyle = ink.c3; pen.lineWidth = 1.4;
    pen.fillRect(x - 7, y - 5, 14, 10); pen.strokeRect(x - 7, y - 5, 14, 10);
    pen.beginPath(); pen.moveTo(x - 7, y - 5); pen.lineTo(x, y + 1); pen.lineTo(x + 7, y - 5); pen.stroke();
    if (view.perM > 0.004) write(pen, "plan of " + run.aircraft[aircraft].name, x + 10, y + 4, ink.c3);
  }
}

/** @param {Run} run */
function drawShots(pen, run, t, at) {
  for (const shot of run.shots) {
    // A shot stays to be seen for two minutes after its end.
    if (t < shot.from || t > shot.to + 120000) continue;
    const site = run.sites[shot.site], target = position(run.aircraft[shot.aircraft], Math.min(t, shot.to));
    const [x0, y0] = at(site.at[0], site.at[1]), [x1, y1] = at(target[0], target[1]);
    const share = shot.to > shot.from ? Math.min(1, (t - shot.from) / (shot.to - shot.from)) : 1;
    const x = x0 + (x1 - x0) * share, y = y0 + (y1 - y0) * share;
    pen.strokeStyle = shot.wrong ? ink.bad : ink.ink;
    pen.lineWidth = shot.wrong ? 3 : 1.8;
    pen.globalAlpha = t > shot.to ? 0.45 : 1;
    pen.beginPath(); pen.moveTo(x0, y0); pen.lineTo(x, y); pen.stroke();
    pen.globalAlpha = 1;
    pen.font = "600 11px system-ui,sans-serif";
    if (t < shot.to) {
      pen.fillStyle = pen.strokeStyle;
      pen.beginPath(); pen.arc(x, y, 3.5, 0, 7); pen.fill();
    } else if (shot.end === "destroyed") {
      pen.lineWidth = 3;
      pen.beginPath(); pen.moveTo(x - 9, y - 9); pen.lineTo(x + 9, y + 9); pen.moveTo(x + 9, y - 9); pen.lineTo(x - 9, y + 9); pen.stroke();
      write(pen, "shot down: " + run.aircraft[shot.aircraft].name + (shot.wrong ? " (wrong)" : ""), x + 12, y - 8, shot.wrong ? ink.bad : ink.ink);
    } else if (shot.end !== "under_way") {
      pen.beginPath(); pen.arc(x, y, 8, 0, 7); pen.stroke();
      write(pen, shot.end === "shot_missed" ? "miss" : "target gone", x + 11, y + 4, ink.soft);
    }
  }
}

/** Truth inside, belief of the picked site as the frame. @param {Run} run */
function drawAircraft(pen, run, chosen, t, at) {
  run.aircraft.forEach((aircraft, number) => {
    if (!flying(aircraft, t)) return;
    const [east, north, , course] = position(aircraft, t), [x, y] = at(east, north);
    const truth = FRAMES[regard(run, chosen.site, number)] || FRAMES.neutral;
    if (number === chosen.picked) {
      pen.strokeStyle = ink.ink; pen.globalAlpha = 0.5; pen.lineWidth = 1.3;
      pen.beginPath();
      // The way flown, every half minute at most for the last two hours.
      const from = Math.max(aircraft.flies[0], t - 7200000);
      for (let s = from, first = true; s <= t; s += 30000, first = false) {
        const p = position(aircraft, s), [px, py] = at(p[0], p[1]);
        first ? pen.moveTo(px, py) : pen.lineTo(px, py);
      }
      pen.lineTo(x, y); pen.stroke();
      pen.globalAlpha = 1;
    }
    pen.save();
    pen.translate(x, y);
    pen.rotate(course);
    pen.fillStyle = ink[truth[0]];
    pen.beginPath(); pen.moveTo(0, -7); pen.lineTo(4.6, 6); pen.lineTo(0, 3); pen.lineTo(-4.6, 6); pen.closePath(); pen.fill();
    pen.restore();
    const held = belief(run, chosen.site, number, t);
    if (held) {
      const [colour, shape] = FRAMES[held] || FRAMES.unknown;
      pen.strokeStyle = ink[colour]; pen.lineWidth = 2.2;
      if (DOUBTFUL.has(held)) pen.setLineDash([3, 3]);
      frame(pen, shape, x, y, 12); pen.stroke();
      pen.setLineDash([]);
    }
    pen.font = (number === chosen.picked ? "600 " : "") + "11px system-ui,sans-serif";
    write(pen, aircraft.name, x + 16, y + 4, number === chosen.picked ? ink.ink : ink.soft);
  });
}
