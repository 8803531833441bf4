"use strict";
(() => {
  const table = document.getElementById("function-table");
  const store = document.getElementById("compiles");
  if (!table || !store) return;
  const data = JSON.parse(store.textContent);
  const FEW = 200;

  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };
  const spoken = (said) => {
    const parts = said.split("`");
    return parts.length % 2 ? parts.map((part, i) => element(i % 2 ? "code" : "span", part)) : [element("span", said)];
  };
  const seconds = (s) => s >= 1 ? s.toFixed(1) + " s" : s >= 0.001 ? Math.round(s * 1000) + " ms" : s > 0 ? "<1 ms" : "0";
  const size = (n) => {
    for (const [unit, step] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) if (n >= step) return Number((n / step).toPrecision(3)) + " " + unit;
    return n ? n + " B" : "";
  };

  // -- a function opens to its compiles
  const because = (kind, text, changes) => {
    const cell = element("td");
    const said = data.strings[text];
    if (said || !changes.length) cell.append(...spoken(said || data.strings[kind]));
    for (let i = 0; i + 2 < changes.length; i += 3) {
      const [leaf, was, now] = [0, 1, 2].map((k) => data.strings[changes[i + k]]);
      const line = element("div", undefined, "leaf");
      line.append(element("code", leaf), ": ", element("code", was), " → ", element("code", now));
      cell.append(line);
    }
    return cell;
  };
  const compile = (one, number) => {
    const [ended, at, kind, text, trace, lower, xla, bytes, cache, changes] = one;
    const row = element("tr");
    row.append(element("td", String(number)), element("td", ended === null ? "" : ended.toFixed(1) + " s"));
    const place = element("td");
    if (data.strings[at]) place.append(element("code", data.strings[at]));
    row.append(place, because(kind, text, changes));
    row.append(element("td", seconds(trace)), element("td", seconds(lower)));
    row.append(element("td", seconds(xla) + (data.strings[cache] === "hit" ? " (cached)" : "")), element("td", size(bytes)));
    return row;
  };
  const details = (index) => {
    const row = element("tr", undefined, "details");
    const cell = element("td");
    cell.colSpan = 8;
    for (const note of data.notes[index]) cell.append(element("p", data.strings[note]));
    const every = data.compiles[index];
    if (!every.length) cell.append(element("p", "No compile of its own was seen."));
    else {
      const inner = element("table");
      const head = inner.createTHead().insertRow();
      for (const name of ["", "done at", "called at", "because", "trace", "lower", "XLA", "captured"]) {
        const one = element("th", name);
        one.scope = "col";
        head.append(one);
      }
      const body = inner.createTBody();
      const fill = (from, to) => body.append(...every.slice(from, to).map((one, i) => compile(one, from + i + 1)));
      fill(0, FEW);
      cell.append(inner);
      if (every.length > FEW) {
        const more = element("button", `show all ${every.length} compiles`);
        more.type = "button";
        more.addEventListener("click", () => { fill(FEW, every.length); more.remove(); });
        cell.append(more);
      }
    }
    row.append(cell);
    return row;
  };
  table.addEventListener("click", (event) => {
    const button = event.target.closest("button.open");
    if (!button) return;
    const body = button.closest("tbody");
    const opened = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!opened));
    if (opened) body.rows[1].hidden = true;
    else if (body.rows.length > 1) body.rows[1].hidden = false;
    else body.append(details(Number(body.dataset.f)));
  });

  // -- sorting
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.firstChild.addEventListener("click", () => {
      const text = column === 0;
      const now = head.getAttribute("aria-sort");
      const order = now === "none" ? (text ? "ascending" : "descending") : now === "ascending" ? "descending" : "ascending";
      for (const one of heads) one.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", order);
      const value = (body) => text ? body.rows[0].cells[0].textContent.toLowerCase() : Number(body.rows[0].cells[column].dataset.v);
      const sign = order === "ascending" ? 1 : -1;
      const rows = [...table.tBodies].map((body) => [value(body), body]);
      rows.sort(([a], [b]) => sign * (text ? a.localeCompare(b) : a - b));
      table.append(...rows.map(([, body]) => body));
    });
  });

  // -- filtering: by name and place, by leaves and causes
  const field = document.getElementById("filter"), again = document.getElementById("again");
  const libraries = document.getElementById("libraries"), shown = document.getElementById("shown");
  const words = new Map();
  const wordsOf = (body) => {
    if (!words.has(body)) {
      const seen = new Set(data.notes[body.dataset.f]);
      for (const one of data.compiles[body.dataset.f]) for (const part of [one[1], one[2], one[3], ...one[9]]) seen.add(part);
      const said = [...seen].map((part) => data.strings[part]);
      words.set(body, [body.rows[0].cells[0].textContent, ...said].join("\n").toLowerCase());
    }
    return words.get(body);
  };
  const filter = () => {
    const wanted = field.value.trim().toLowerCase();
    let count = 0;
    for (const body of table.tBodies) {
      const fits = (libraries.checked || !("library" in body.dataset))
        && (!again.checked || Number(body.rows[0].cells[3].dataset.v) > 1)
        && (!wanted || wordsOf(body).includes(wanted));
      body.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count} of ${table.tBodies.length} shown`;
  };
  for (const one of [field, again, libraries]) one.addEventListener("input", filter);
  filter();
})();
(() => {
  // A link to something that is folded away opens it; on paper, everything that is folded stands open.
  const unfold = (target) => { for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true; };
  const follow = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (target) { unfold(target); target.scrollIntoView(); }
  };
  addEventListener("hashchange", follow);
  if (location.hash) follow();
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of opened) one.open = false; });
})();
