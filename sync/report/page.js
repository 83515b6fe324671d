(async () => {
  const $ = (id) => document.getElementById(id), words = JSON.parse($("words").textContent);
  if (!window.DecompressionStream) return;
  const unpack = async (id) => {
    const node = $(id), text = node ? node.textContent : "";
    if (!text) return null;
    let bytes;
    if (Uint8Array.fromBase64) bytes = Uint8Array.fromBase64(text);
    else { const raw = atob(text); bytes = new Uint8Array(raw.length); for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i); }
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).json();
  };
  const el = (tag, text, attributes, ...inside) => {
    const node = document.createElement(tag);
    if (text !== null && text !== undefined && text !== "") node.textContent = text;
    for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
    node.append(...inside); return node;
  };
  const svgEl = (tag, attributes) => { const node = document.createElementNS("http://www.w3.org/2000/svg", tag); for (const [k, v] of Object.entries(attributes)) node.setAttribute(k, v); return node; };
  const mark = (style) => { const s = svgEl("svg", { class: "mark " + style[2], viewBox: "-6 -6 12 12", "aria-hidden": "true" }); s.append(svgEl("path", { d: style[3] })); return s; };
  const bar = (v) => { const s = svgEl("svg", { class: "bar", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" }); s.append(svgEl("rect", { width: Math.max(0, Math.min(100, v)), height: 6, rx: 3 })); return s; };
  const fixed = (v) => v === null ? "unknown" : (v / 10).toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const signed = (v) => v === null ? "unknown" : (v > 0 ? "+" : "") + fixed(v);
  const level = (v) => v === null ? "unknown" : (v >= 70 ? "High" : v >= 40 ? "Medium" : "Low") + " " + v;
  const accounts = await unpack("b-accounts"), deals = await unpack("b-deals");
  if (!accounts) return;
  document.documentElement.classList.add("scripted");
  for (const each of [accounts, deals]) if (each && !each.name.length) each.name = each.id;
  const order = (n) => Array.from({ length: n }, (_, i) => i);
  const blocks = {}, detail = async (letter, i) => {
    const key = letter + Math.floor(i / words.block), at = i % words.block;
    const found = await (blocks[key] = blocks[key] || unpack(key));
    return found && { why: found.why[at], advice: found.advice[at], parts: found.parts[at], acts: found.acts[at], history: found.history[at], changes: found.changes[at] };
  };
  const state = new URLSearchParams(location.hash.startsWith("#v:") ? location.hash.slice(3) : "");
  const keep = () => { const text = state.toString(); try { history.replaceState(null, "", text ? "#v:" + text : "#"); } catch { /* some browsers refuse it for files */ } };

  class Table {
    constructor(section, prefix, data, styles, config) {
      Object.assign(this, { section, prefix, data, styles, config, body: section.querySelector("tbody"), pager: section.querySelector(".pager"), tools: section.querySelector(".tools"), count: section.querySelector(".count") });
      this.heads = [...section.querySelectorAll("thead th")];
      this.labels = this.heads.map((h) => h.textContent);
      this.lower = null; this.build(); this.draw();
    }
    get(key) { return state.get(this.prefix + key) || ""; }
    set(values, reset) {
      if (reset) for (const key of [...state.keys()]) if (key.startsWith(this.prefix)) state.delete(key);
      for (const [key, value] of Object.entries(values)) value ? state.set(this.prefix + key, value) : state.delete(this.prefix + key);
      if (!("page" in values)) state.delete(this.prefix + "page");
      keep(); this.sync(); this.draw();
    }
    sync() { for (const input of this.inputs) input.value = this.get(input.dataset.key); }
    build() {
      const select = (key, label, options) => { const s = el("select", null, { "data-key": key, "aria-label": label }); s.append(el("option", label, { value: "" })); for (const [value, text] of options) s.append(el("option", text, { value })); s.onchange = () => this.set({ [key]: s.value }); return s; };
      const search = el("input", null, { type: "search", placeholder: "Search by name", "data-key": "q", "aria-label": "Search " + this.config.what + " by name" });
      search.oninput = () => { const at = search.selectionStart; this.set({ q: search.value }); search.setSelectionRange(at, at); };
      const there = new Set(this.data.stance);
      this.inputs = [search, select("stance", "Every stance", this.styles.map((s, i) => [s[0], s[1], i]).filter((s) => there.has(s[2])))];
      for (const [key, label, list] of [["segment", "Every segment", this.data.segments], ["region", "Every region", this.data.regions], ["stage", "Every stage", this.data.stages]])
        if (list && list.filter(Boolean).length > 1) this.inputs.push(select(key, label, list.map((x) => [x || "-", x || "(none)"])));
      this.inputs.push(select("sure", "However sure", [["High", "High confidence"], ["Medium", "Medium or high"]]));
      if (this.config.only) this.inputs.push(select("only", "All accounts", this.config.only.filter((o) => o[0] !== "changed" || this.data.moved.length)));
      const csv = el("button", "Export CSV", { type: "button" }); csv.onclick = () => this.exportCsv();
      const clear = el("button", "Clear", { type: "button" }); clear.onclick = () => this.set({}, true);
      this.tools.append(...this.inputs, clear, csv);
      this.heads.forEach((head) => {
        const button = el("button", head.textContent, { type: "button" }), key = head.dataset.key;
        button.onclick = () => { const same = this.get("sort") === key; this.set({ sort: key, dir: same ? (this.get("dir") === "1" ? "-1" : "1") : (key === "name" || key === "stance" || key === "stage" ? "1" : "-1") }); };
        head.replaceChildren(button);
      });
      this.sync();
    }
    rows() {
      const d = this.data, q = this.get("q").toLowerCase(), stance = this.styles.findIndex((s) => s[0] === this.get("stance"));
      if (q && !this.lower) this.lower = d.name.map((n, i) => (n + " " + (d.account && d.account[i] >= 0 ? accounts.name[d.account[i]] : "")).toLowerCase());
      const least = { High: 70, Medium: 40 }[this.get("sure")] || -1, only = this.get("only");
      const picks = [["segment", d.segments], ["region", d.regions], ["stage", d.stages]].filter(([k, list]) => this.get(k) && list && list.length).map(([k, list]) => [d[k], list.indexOf(this.get(k) === "-" || this.get(k) === "No segment" ? "" : this.get(k))]);
      let found = order(d.id.length).filter((i) => (!q || this.lower[i].includes(q)) && (stance < 0 || d.stance[i] === stance) && (least < 0 || (d.sure[i] ?? -1) >= least) && picks.every(([column, at]) => column[i] === at) && (!only || (only === "hours" ? d.hours[i] > 0 : d.moved.length && d.moved[i] >= -1)));
      const sort = this.get("sort"), dir = Number(this.get("dir") || -1);
      if (sort) {
        const column = sort === "stage" ? d.stage.map((s) => d.stages[s]) : d[sort];
        if (!column) return found;
        found.sort(typeof column[0] === "string" ? (a, b) => dir * column[a].localeCompare(column[b]) : (a, b) => column[a] === null ? (column[b] === null ? 0 : 1) : column[b] === null ? -1 : dir * (column[a] - column[b]));
      }
      return found;
    }
    draw() {
      const found = this.rows(), size = innerWidth <= 640 ? words.page / 2 : words.page, pages = Math.max(1, Math.ceil(found.length / size)), page = Math.min(pages, Number(this.get("page") || 1));
      const shown = found.slice((page - 1) * size, page * size);
      const lines = shown.map((i) => this.line(i));
      this.body.replaceChildren(...lines);
      if (!shown.length) this.body.append(el("tr", null, {}, el("td", "Nothing fits these filters.", { colspan: this.heads.length })));
      this.heads.forEach((h) => h.dataset.key === this.get("sort") ? h.setAttribute("aria-sort", this.get("dir") === "1" ? "ascending" : "descending") : h.removeAttribute("aria-sort"));
      this.count.textContent = found.length === this.data.id.length ? this.config.all : `${found.length.toLocaleString("en")} of ${this.data.id.length.toLocaleString("en")}`;
      const step = (text, to, off) => { const b = el("button", text, { type: "button" }); b.disabled = off; b.onclick = () => this.set({ page: String(to) }); return b; };
      this.pager.replaceChildren(...(pages > 1 ? [el("span", `Page ${page} of ${pages}`), step("Previous", page - 1, page === 1), step("Next", page + 1, page === pages)] : []));
    }
    line(i) {
      const d = this.data, name = el("button", d.name[i], { type: "button", class: "plain" }), small = el("small", this.config.under(i)), style = this.styles[d.stance[i]];
      name.onclick = () => open(this, i);
      if (this.prefix === "a.") detail("a", i).then((x) => { if (x) small.textContent = x.why; });
      const cells = this.heads.slice(2).map((h, at) => { const key = h.dataset.key, [text, width] = this.config.cell(key, i); const td = el("td", text, { "data-label": this.labels[at + 2] }); if (h.classList.contains("n")) td.className = "n"; if (text === "unknown") td.classList.add("unknown"); if (width !== undefined && width !== null) td.append(bar(width)); return td; });
      return el("tr", null, {}, el("th", null, { scope: "row" }, name, small), el("td", null, {}, el("span", null, { class: "chip" }, mark(style), style[1])), ...cells);
    }
    exportCsv() {
      const d = this.data, safe = (v) => { let t = v === null || v === undefined ? "" : String(v); if (/^[=+\-@\t\r]/.test(t) && isNaN(t)) t = "'" + t; return /[",\n\r]/.test(t) ? '"' + t.replaceAll('"', '""') + '"' : t; };
      const lines = [this.config.csv.map((c) => c[0]).join(",")];
      for (const i of this.rows()) lines.push(this.config.csv.map((c) => safe(c[1](i))).join(","));
      const link = el("a", null, { download: this.config.file, href: URL.createObjectURL(new Blob(["\ufeff" + lines.join("\r\n") + "\r\n"], { type: "text/csv" })) });
      link.click(); setTimeout(() => URL.revokeObjectURL(link.href), 1000);
      void d;
    }
  }

  const drawer = $("drawer"), place = (v) => v === null ? null : v / 10;
  let opener = null;
  async function open(table, i) {
    const d = table.data, deal = table.prefix === "d.", style = table.styles[d.stance[i]], more = await detail(deal ? "o" : "a", i);
    const close = el("button", "Close", { type: "button" }); close.onclick = () => drawer.close();
    const title = el("h2", d.name[i], { id: "d-name" }), box = [];
    const link = words.links[deal ? 1 : 0];
    box.push(el("header", null, {}, el("div", null, {}, title, el("span", null, { class: "chip" }, mark(style), style[1])), close));
    const advice = (more && more.advice) || style[4];
    if (advice) box.push(el("p", advice, { class: "advice" }));
    if (more && more.why) box.push(el("p", more.why));
    const pairs = deal ? [["They need this", fixed(d.need[i])], ["Balance", signed(d.balance[i])], ["Days since they acted", d.quiet[i] === null ? "unknown" : d.quiet[i]], ["How sure", level(d.sure[i])]]
      : [["They need us", fixed(d.need[i])], ["We need them", fixed(d.seller[i])], ["Balance", signed(d.balance[i])], ["Hours to win back", fixed(d.hours[i])]];
    box.push(el("dl", null, { class: "figures" }, ...pairs.map(([k, v]) => el("div", null, {}, el("dt", k), el("dd", String(v))))));
    const spent = el("p", `In 90 days we spent ${fixed(d.ours[i])} h, they ${fixed(d.theirs[i])} h.` + (deal ? "" : ` How sure: ${level(d.sure[i])}.`)); box.push(spent);
    if (deal && d.account[i] >= 0) { const b = el("button", accounts.name[d.account[i]], { type: "button", class: "plain" }); b.onclick = () => open(tables[0], d.account[i]); box.push(el("p", "Account: ", {}, b)); }
    if (link) box.push(el("p", null, {}, el("a", "Open in " + words.crm, { href: link.replace("{id}", encodeURIComponent(d.id[i])), rel: "noreferrer", target: "_blank" })));
    if (more && more.changes.length) box.push(el("h3", "What would change this (one number at a time)"), el("ul", null, {}, ...more.changes.map((c) => el("li", c))));
    if (more && more.parts.length) {
      box.push(el("h3", deal ? "Why they need this, or not" : "Why they need us, or not"));
      const body = el("tbody"); more.parts.forEach((v, at) => { const cell = el("td", v === null ? "unknown" : String(v), { class: "n" + (v === null ? " unknown" : "") }), draw = el("td"); if (v !== null) draw.append(bar(v)); body.append(el("tr", null, {}, el("th", words.parts[at], { scope: "row" }), draw, cell)); });
      box.push(el("table", null, {}, el("caption", "Components, 0 to 100", { class: "hidden" }), body));
    }
    if (more && more.acts.some(([a, b]) => a || b)) {
      const body = el("tbody"); more.acts.forEach(([a, b], at) => { if (a || b) body.append(el("tr", null, {}, el("th", words.channels[at], { scope: "row" }), el("td", String(a), { class: "n" }), el("td", String(b), { class: "n" }))); });
      box.push(el("h3", "Who did what in a year"), el("table", null, {}, el("caption", "Activities by channel", { class: "hidden" }), el("thead", null, {}, el("tr", null, {}, el("th", "Channel", { scope: "col" }), el("th", "We", { scope: "col", class: "n" }), el("th", "They", { scope: "col", class: "n" }))), body));
    }
    if (more && more.history.length) {
      const body = el("tbody"), by = Object.fromEntries(table.styles.map((s) => [s[0], s[1]]));
      for (const [day, need, balance, stance] of more.history) body.append(el("tr", null, {}, el("th", day, { scope: "row" }), el("td", by[stance] || stance), el("td", need === null ? "unknown" : String(need), { class: "n" }), el("td", balance === null ? "unknown" : String(balance), { class: "n" })));
      box.push(el("h3", "Earlier runs"), el("table", null, {}, el("caption", "Earlier runs, the newest first", { class: "hidden" }), el("thead", null, {}, el("tr", null, {}, ...["As of", "Stance"].map((t) => el("th", t, { scope: "col" })), ...[deal ? "They need this" : "They need us", "Balance"].map((t) => el("th", t, { scope: "col", class: "n" })))), body));
    }
    if (!deal && deals) {
      const own = order(deals.id.length).filter((j) => deals.account[j] === i).slice(0, 8);
      if (own.length) box.push(el("h3", "Open deals"), el("ul", null, {}, ...own.map((j) => { const b = el("button", deals.name[j], { type: "button", class: "plain" }); b.onclick = () => open(tables[1], j); return el("li", null, {}, b, " · " + deals_styles[deals.stance[j]][1]); })));
    }
    if (!more) box.push(el("p", `For the components run: bothways explain ${d.id[i]}`));
    drawer.replaceChildren(...box);
    opener = opener || document.activeElement;
    if (!drawer.open) drawer.showModal();
    drawer.scrollTop = 0; close.focus(); state.set("open", d.id[i]); keep();
  }
  drawer.addEventListener("close", () => { state.delete("open"); keep(); if (opener && opener.isConnected) opener.focus(); opener = null; });
  drawer.addEventListener("click", (event) => { if (event.target === drawer) drawer.close(); });

  const deals_styles = words.deal_styles, tables = [];
  tables.push(new Table($("t-accounts"), "a.", accounts, words.styles, {
    what: "accounts", file: "bothways-accounts.csv", all: `All ${accounts.id.length.toLocaleString("en")}`, only: [["hours", "With hours to win back"], ["changed", "Changed since the last write"]], under: () => "",
    cell: (key, i) => ({ need: () => [fixed(accounts.need[i]), place(accounts.need[i])], seller: () => [fixed(accounts.seller[i]), place(accounts.seller[i])], balance: () => [signed(accounts.balance[i])], hours: () => [fixed(accounts.hours[i])], sure: () => [level(accounts.sure[i])] })[key](),
    csv: [["id", (i) => accounts.id[i]], ["name", (i) => accounts.name[i]], ["stance", (i) => words.styles[accounts.stance[i]][1]], ...["need", "seller", "balance", "hours", "ours", "theirs"].map((k, at) => [["they_need_us", "we_need_them", "balance", "hours_to_win_back", "our_hours", "their_hours"][at], (i) => place(accounts[k][i])]), ["confidence", (i) => accounts.sure[i]], ["segment", (i) => accounts.segments[accounts.segment[i]]], ["region", (i) => accounts.regions[accounts.region[i]]]]
  }));
  if (deals && $("t-deals")) tables.push(new Table($("t-deals"), "d.", deals, deals_styles, {
    what: "deals", file: "bothways-deals.csv", all: `All ${deals.id.length.toLocaleString("en")}`, under: (i) => deals.account[i] < 0 ? "" : accounts.name[deals.account[i]],
    cell: (key, i) => ({ stage: () => [deals.stages[deals.stage[i]]], amount: () => [deals.amount[i] === null ? "unknown" : deals.amount[i].toLocaleString("en") + " " + deals.currencies[deals.currency[i]]], need: () => [fixed(deals.need[i]), place(deals.need[i])], balance: () => [signed(deals.balance[i])], quiet: () => [deals.quiet[i] === null ? "unknown" : String(deals.quiet[i])] })[key](),
    csv: [["id", (i) => deals.id[i]], ["name", (i) => deals.name[i]], ["account", (i) => deals.account[i] < 0 ? "" : accounts.name[deals.account[i]]], ["stance", (i) => deals_styles[deals.stance[i]][1]], ["stage", (i) => deals.stages[deals.stage[i]]], ["amount", (i) => deals.amount[i]], ["currency", (i) => deals.currencies[deals.currency[i]]], ["they_need_this", (i) => place(deals.need[i])], ["balance", (i) => place(deals.balance[i])], ["days_since_they_acted", (i) => deals.quiet[i]], ["confidence", (i) => deals.sure[i]]]
  }));
  document.addEventListener("click", (event) => {
    const link = event.target.closest ? event.target.closest("a[href^='#']") : null;
    if (!link) return;
    if (link.dataset.view !== undefined) { event.preventDefault(); tables[0].set(Object.fromEntries(new URLSearchParams(link.dataset.view)), true); $("accounts").scrollIntoView(); $("accounts").setAttribute("tabindex", "-1"); $("accounts").focus(); }
    else if (link.hash.startsWith("#r-")) { const i = accounts.id.indexOf(decodeURIComponent(link.hash.slice(3))); if (i >= 0) { event.preventDefault(); opener = link; open(tables[0], i); } }
  });

  const map = $("map"), tip = $("tip"), view = words.map, canvas = el("canvas", null, { "aria-hidden": "true" });
  const seen = order(accounts.id.length).filter((i) => accounts.need[i] !== null && accounts.balance[i] !== null);
  const xs = seen.map((i) => view.left + (accounts.balance[i] / 10 + 100) / 200 * (view.right - view.left)), ys = seen.map((i) => view.bottom - accounts.need[i] / 1000 * (view.bottom - view.top));
  map.append(canvas);
  const paths = words.styles.map((s) => new Path2D(s[3]));
  let at = -1;
  const draw = () => {
    const ratio = window.devicePixelRatio || 1, box = map.getBoundingClientRect(), pen = canvas.getContext("2d"), scale = box.width / view.width;
    canvas.width = box.width * ratio; canvas.height = box.height * ratio;
    const colours = words.styles.map((s) => getComputedStyle(document.documentElement).getPropertyValue("--" + s[2]).trim());
    const size = (seen.length > 5000 ? 0.45 : seen.length > 800 ? 0.7 : 1) * Math.max(1, 0.75 / scale);
    pen.globalAlpha = seen.length > 5000 ? 0.35 : 0.88;
    const dot = (k) => { pen.setTransform(ratio * scale * size, 0, 0, ratio * scale * size, ratio * scale * xs[k], ratio * scale * ys[k]); const s = accounts.stance[seen[k]]; pen.fillStyle = colours[s]; seen.length > 20000 ? pen.fillRect(-3, -3, 6, 6) : pen.fill(paths[s], "evenodd"); };
    for (let k = 0; k < seen.length; k++) dot(k);
    if (at >= 0) { pen.globalAlpha = 1; dot(at); pen.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * scale * xs[at], ratio * scale * ys[at]); pen.beginPath(); pen.arc(0, 0, 10, 0, 7); pen.lineWidth = 2; pen.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim(); pen.stroke(); }
  };
  const show = (k) => { at = k; draw(); if (k < 0) return; const i = seen[k]; tip.replaceChildren(el("b", accounts.name[i]), ` · ${words.styles[accounts.stance[i]][1]} · they need us ${fixed(accounts.need[i])} · balance ${signed(accounts.balance[i])}`); };
  const nearest = (event, reach) => { const box = map.getBoundingClientRect(), scale = view.width / box.width, x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale; let best = -1, near = (reach * scale) ** 2; for (let k = 0; k < seen.length; k++) { const far = (xs[k] - x) ** 2 + (ys[k] - y) ** 2; if (far < near) { near = far; best = k; } } return best; };
  if (seen.length) {
    map.setAttribute("tabindex", "0"); map.setAttribute("role", "group"); map.setAttribute("aria-label", "Map of accounts. Arrow keys go from account to account, Enter opens one."); map.setAttribute("aria-describedby", "tip");
    const walk = order(seen.length).sort((a, b) => xs[a] - xs[b] || ys[a] - ys[b]);
    canvas.addEventListener("pointermove", (event) => { const k = nearest(event, 16); if (k !== at && k >= 0) show(k); });
    canvas.addEventListener("click", (event) => { const k = nearest(event, 22); if (k < 0) return; const again = k === at; show(k); if (again || event.pointerType === "mouse") { opener = map; open(tables[0], seen[k]); } });
    map.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (step) { event.preventDefault(); show(walk[(walk.indexOf(at) + step + walk.length + (at < 0 && step < 0 ? 1 : 0)) % walk.length]); }
      if (event.key === "Enter" && at >= 0) { opener = map; open(tables[0], seen[at]); }
    });
    new ResizeObserver(draw).observe(map);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  }
  draw();
  const first = state.get("open") || words.open;
  for (const table of tables) { const i = first ? table.data.id.indexOf(first) : -1; if (i >= 0) { open(table, i); break; } }
  document.documentElement.dataset.ready = "1";
})();
