// Tables that sort by a click on a head, filter by words, and fold where they are long. Without this script every row is there.
(() => {
  "use strict";
  const MANY = 10, FEW = 6;

  /** What a cell sorts by: its first number, or its words. @param {Element | undefined} cell */
  function key(cell) {
    const text = (cell?.textContent ?? "").trim(), number = /^[-+]?\d[\d\u202f ,]*\.?\d*(e[-+]?\d+)?/i.exec(text);
    return number ? Number(number[0].replace(/[\u202f ,]/g, "")) : text === "-" ? NaN : text.toLowerCase();
  }

  /** @param {HTMLTableElement} table */
  function enliven(table) {
    const body = table.tBodies[0], rows = [...body.rows];
    if (rows.length < FEW) return;
    let open = rows.length <= MANY, words = "";
    const more = document.createElement("button"), count = document.createElement("span");
    function show() {
      const found = [...body.rows].filter((row) => {
        const holds = !words || (row.textContent ?? "").toLowerCase().includes(words);
        row.hidden = !holds;
        return holds;
      });
      found.forEach((row, i) => row.classList.toggle("folded", !open && i >= MANY));
      more.hidden = open || found.length <= MANY;
      more.textContent = "Show all " + found.length + " rows";
      count.textContent = words ? found.length + " of " + rows.length + " rows" : "";
    }
    [...(table.tHead?.rows[0]?.cells ?? [])].forEach((head, column) => {
      const button = document.createElement("button");
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending", turn = down ? -1 : 1;
        for (const other of table.tHead?.rows[0]?.cells ?? []) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const keyed = [...body.rows].map((row) => ({ row, at: key(row.cells[column]) }));
        // Numbers before words, nothing last, whichever way round.
        const none = (/** @type {string | number} */ at) => (typeof at === "number" ? (Number.isNaN(at) ? 2 : 0) : 1);
        keyed.sort((a, b) => none(a.at) - none(b.at) || turn * (typeof a.at === "number" && typeof b.at === "number" ? a.at - b.at : String(a.at).localeCompare(String(b.at))));
        body.append(...keyed.map((one) => one.row));
        show();
      });
    });
    const label = document.createElement("label"), box = document.createElement("input"), tools = document.createElement("div");
    box.type = "search";
    label.append("Rows with ", box);
    tools.className = "tools";
    tools.append(label, count);
    box.addEventListener("input", () => { words = box.value.trim().toLowerCase(); show(); });
    const frame = table.closest(".wide") ?? table;
    if (rows.length > MANY) frame.before(tools);
    more.className = "more";
    more.addEventListener("click", () => { open = true; show(); });
    frame.after(more);
    show();
  }
  document.querySelectorAll("table").forEach((table) => enliven(/** @type {HTMLTableElement} */ (table)));

  // What a link leads to is open; paper has everything.
  const reveal = () => { const at = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1))); if (at) for (let up = at.closest("details"); up; up = up.parentElement?.closest("details") ?? null) up.open = true; };
  addEventListener("hashchange", reveal);
  reveal();
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
})();
