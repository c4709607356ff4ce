// The story of an aircraft, and what was just said.

/** @template {keyof HTMLElementTagNameMap} T @param {T} tag @param {string} text @param {string} [name] */
function element(tag, text, name) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (name) made.className = name;
  return made;
}

const SHAPES = "Frame: what the site holds it for (round friend, square neutral, diamond hostile, clover unknown; dashed: in doubt). Inside: what it is.";

/** What is told with the evidence that it rests on. */
const JUDGED = ["identity_changed", "engagement_begun"];

/** @param {Run} run @param {number} aircraft */
function rows(run, aircraft) {
  const told = run.events.filter((e) => e[2] === aircraft).map((e) => ({ t: e[0], code: e[1], site: e[3], text: e[7], told: false }));
  for (const row of run.beliefs) {
    if (row[1] !== aircraft) continue;
    const judged = told.find((e) => e.t === row[2] && !e.told && JUDGED.includes(e.code) && e.site === row[0]);
    if (!judged) continue;
    judged.text += " (" + row[4] + ")";
    judged.told = true;
  }
  return told;
}

/** @param {State} state */
function story(state) {
  const panel = byId("story", HTMLElement);
  panel.replaceChildren();
  if (state.picked < 0) {
    panel.append(element("h2", "Click or choose an aircraft for its story"), element("p", SHAPES, "meta"));
    return;
  }
  runs.forEach((run) => {
    const { picked: aircraft, site: chosen } = own(run, state);
    const who = run.aircraft[aircraft];
    if (!who) return;
    panel.append(element("h2", who.name + (runs.length > 1 ? ", " + run.name : "")));
    const site = run.sites[chosen];
    panel.append(element("p", "Truth: " + run.types[who.type][0].replace(/_/g, " ") + " of " + run.sides[who.side] +
      (site ? ", " + regard(run, chosen, aircraft) + " to site " + site.name : "") + (who.destroyed ? "; shot down" : ""), "meta"));
    const list = element("ol", "", "events");
    for (const event of rows(run, aircraft)) {
      const row = element("li", "", event.t > state.t ? "later" : "");
      const button = element("button", clock(event.t));
      button.addEventListener("click", () => { state.pause(); state.seek(event.t); });
      row.append(button, element("span", event.text));
      list.append(row);
    }
    panel.append(list);
    if (!list.children.length) panel.append(element("p", "Nothing is told of it.", "meta"));
  });
}

/** Past and future of the story, without making it anew. @param {State} state */
function dim(state) {
  const items = document.querySelectorAll("#story li");
  let at = 0;
  runs.forEach((run) => {
    const { picked } = own(run, state);
    if (!run.aircraft[picked]) return;
    for (const event of run.events) {
      if (event[2] !== picked) continue;
      const item = items[at++];
      if (item) item.className = event[0] > state.t ? "later" : "";
    }
  });
}

/** The last decisive words. @param {State} state */
function told(state) {
  const said = runs.map((run) => {
    const last = run.events.findLast((event) => event[0] <= state.t && event[6] <= 5);
    return last ? clock(last[0]) + "  " + last[7] : "";
  });
  const text = runs.length > 1 ? runs.map((run, i) => run.name + ": " + (said[i] || "nothing yet")).join("\n") : said[0];
  const place = byId("told", HTMLElement);
  if (place.textContent !== text) place.textContent = text;
}
