// The list of runs: live ones first, then past ones.

import { byId, make, setHidden, setText } from "./dom.js";
import { count, isolated, moment as time, number, short } from "./format.js";

const rows = new Map();

export function setUpRuns() {
    const toggle = byId("runs-toggle");
    toggle.addEventListener("click", () => {
        const open = toggle.getAttribute("aria-expanded") !== "true";
        toggle.setAttribute("aria-expanded", String(open));
        setText(toggle, open ? "Hide" : "Show");
        byId("runs").classList.toggle("open", open);
    });
}

/** @param {object[]} runs summaries @param {string[]} skipped a sentence for each file that could not be read @param chosen id of the run that is looked at */
export function drawRuns(runs, skipped, chosen) {
    setText(byId("skipped"), skipped.join("\n"));
    setHidden(byId("skipped"), skipped.length === 0);
    const seen = new Set(runs.map(r => r.id));
    for (const [id, row] of rows) {
        if (seen.has(id)) continue;
        row.item.remove();
        rows.delete(id);
    }
    runs.forEach((summary, place) => {
        if (!rows.has(summary.id)) rows.set(summary.id, makeRow(summary.id));
        const row = rows.get(summary.id);
        const list = byId("runs");
        if (list.children[place] !== row.item) list.insertBefore(row.item, list.children[place] ?? null);
        update(row, summary, summary.id === chosen);
    });
}

function makeRow(id) {
    const [name, state, about, progress] = [make("span", { className: "run-name" }), make("span", { className: "state" }), make("span", { className: "run-about" }), make("progress", { max: 1, value: 0, "aria-hidden": "true" })];
    const link = make("a", { href: `#run=${encodeURIComponent(id)}` }, make("span", { className: "run-line" }, name, state), about, progress);
    return { item: make("li", {}, link), link, name, state, about, progress };
}

function update({ link, name, state, about, progress }, summary, chosen) {
    setText(name, summary.name);
    setText(state, summary.state);
    state.dataset.state = summary.state;
    const parts = [];
    if (summary.started) parts.push(time(summary.started));
    if (summary.total_steps) parts.push(`${count(summary.step ?? 0)}/${count(summary.total_steps)}`);
    if (summary.metric) parts.push(`${isolated(summary.metric)} ${short(number(summary.value))}`);
    else if (summary.loss !== null && summary.loss !== undefined) parts.push(`loss ${short(number(summary.loss))}`);
    setText(about, parts.join(" · "));
    progress.value = summary.total_steps ? (summary.step ?? 0) / summary.total_steps : 0;
    setHidden(progress, !summary.live || !summary.total_steps || (summary.step ?? 0) >= summary.total_steps);
    if (chosen) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
}
