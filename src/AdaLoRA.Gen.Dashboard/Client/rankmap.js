// The rank map: a row a kind of layer, a column an index, coloured by rank. A grid that arrow keys walk through.

import { byId, make, setText } from "./dom.js";
import { count } from "./format.js";

const levels = 8;

export class RankMap {
    #targets = null;
    #cells = [];
    #sums = [];
    #places = [];
    #shown = null;
    #most = 1;
    #focus = null;

    constructor(host, tooltip) {
        this.host = host;
        this.tooltip = tooltip;
        host.addEventListener("pointerover", e => this.#tell(e.target.closest("td[data-target]")));
        host.addEventListener("pointerleave", () => this.#hide());
        host.addEventListener("focusin", e => this.#tell(e.target.closest("td[data-target]")));
        host.addEventListener("focusout", () => this.#hide());
        host.addEventListener("scroll", () => this.#hide());
        host.addEventListener("keydown", e => this.#key(e));
    }

    /** @param targets of the run's start @param moment a reading of ranks, or null @param before the reading before it, or null */
    show(targets, moment, before) {
        if (targets !== this.#targets) this.#build(targets);
        if (!moment || (this.#shown?.moment === moment && this.#shown.before === before)) return;
        this.#shown = { moment, before };
        targets.forEach((target, i) => {
            const rank = moment.ranks[i];
            const fell = before && before.ranks[i] !== rank;
            const name = rank === 0 ? "removed" : `r${Math.ceil(levels * Math.min(1, rank / this.#most))}`;
            const cell = this.#cells[i];
            const className = fell ? `${name} changed` : name;
            if (cell.className !== className) cell.className = className;
            setText(cell, rank === 0 ? "×" : String(rank));
            if (rank === 0) cell.setAttribute("aria-label", "0, removed");
            else cell.removeAttribute("aria-label");
        });
        for (const { cell, of } of this.#sums) setText(cell, count(of.reduce((sum, i) => sum + moment.ranks[i], 0)));
        if (this.#focus && !this.tooltip.hidden) this.#tell(this.#focus);
    }

    #build(targets) {
        this.#targets = targets;
        this.#shown = null;
        this.#most = Math.max(1, ...targets.map(t => t.initial_rank));
        const columns = [...new Set(targets.map(t => t.index))].sort((a, b) => a - b);
        const kinds = Map.groupBy(targets.map((_, i) => i), i => targets[i].kind);
        const shared = sharedStart([...kinds.keys()]);
        this.#sums = [];
        this.#places = [];
        this.#cells = new Array(targets.length);

        const head = make("tr", {}, make("th", { scope: "col", title: shared }, shared ? `${shared}…` : "layer"),
            ...columns.map(c => make("th", { scope: "col" }, c < 0 ? "·" : String(c))), make("th", { scope: "col", title: "Sum of the row" }, "Σ"));
        const rows = [...kinds].map(([kind, of]) => {
            const byIndex = new Map(of.map(i => [targets[i].index, i]));
            const places = columns.map(column => {
                const i = byIndex.get(column);
                if (i === undefined) return null;
                return this.#cells[i] = make("td", { role: "gridcell", tabIndex: -1, "data-target": String(i) });
            });
            this.#places.push(places);
            const sum = make("td", { role: "gridcell", className: "sum" });
            this.#sums.push({ cell: sum, of });
            return make("tr", {}, make("th", { scope: "row", title: kind }, kind.slice(shared.length)), ...places.map(p => p ?? make("td", { role: "gridcell", className: "none" })), sum);
        });
        const table = make("table", { role: "grid", "aria-label": "Rank of each adapter", className: columns.length > 40 ? "rankmap dense" : "rankmap" }, make("thead", {}, head), make("tbody", {}, ...rows));
        table.style.setProperty("--columns", String(columns.length + 1));
        this.host.replaceChildren(table);
        this.#rove(this.#cells[0] ?? null);
        byId("rank-scale").replaceChildren(...this.#scale());
    }

    #scale() {
        const swatches = [make("span", { className: "removed" }, "×"), " removed\u2003"];
        for (let level = 1; level <= levels; level++) {
            const ranks = Math.floor(this.#most * level / levels);
            if (ranks === Math.floor(this.#most * (level - 1) / levels)) continue;
            swatches.push(make("span", { className: `r${Math.ceil(levels * ranks / this.#most)}` }, String(ranks)));
        }
        return swatches;
    }

    #rove(cell) {
        if (this.#focus) this.#focus.tabIndex = -1;
        this.#focus = cell;
        if (cell) cell.tabIndex = 0;
    }

    #key(e) {
        const row = this.#places.findIndex(places => places.includes(e.target));
        if (row < 0 || e.ctrlKey || e.metaKey || e.altKey) return;
        const column = this.#places[row].indexOf(e.target);
        const [down, right] = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -Infinity], End: [0, Infinity] }[e.key] ?? [0, 0];
        if (e.key === "Escape") this.#hide();
        if (!down && !right) return;
        e.preventDefault();
        const next = down ? this.#down(row, column, down) : this.#along(row, column, right);
        if (!next) return;
        this.#rove(next);
        next.focus();
    }

    #along(row, column, right) {
        const places = this.#places[row];
        if (right === -Infinity) return places.find(p => p);
        if (right === Infinity) return places.findLast(p => p);
        for (let c = column + right; c >= 0 && c < places.length; c += right) if (places[c]) return places[c];
        return null;
    }

    #down(row, column, down) {
        for (let r = row + down; r >= 0 && r < this.#places.length; r += down) if (this.#places[r][column]) return this.#places[r][column];
        // A row of single layers has nothing in this column.
        const next = this.#places[row + down];
        return next ? next.find(p => p) : null;
    }

    #tell(cell) {
        if (!cell || !this.#shown) return this.#hide();
        const target = this.#targets[cell.dataset.target];
        const rank = this.#shown.moment.ranks[cell.dataset.target];
        const before = this.#shown.before?.ranks[cell.dataset.target];
        const lines = [
            make("b", {}, target.path),
            rank === 0 ? "Removed: no triplet lives." : `Rank ${rank} of ${target.initial_rank} at the start`,
            `${count(target.out_features)} × ${count(target.in_features)}`,
        ];
        if (before !== undefined && before !== rank) lines.push(`${before} before this change`);
        this.tooltip.replaceChildren(...lines.map(line => make("span", {}, line)));
        this.tooltip.hidden = false;
        cell.setAttribute("aria-describedby", this.tooltip.id);
        const at = cell.getBoundingClientRect();
        const { width, height } = this.tooltip.getBoundingClientRect();
        const above = at.top > height + 12;
        this.tooltip.style.left = `${Math.max(8, Math.min(at.left + at.width / 2 - width / 2, document.documentElement.clientWidth - width - 8))}px`;
        this.tooltip.style.top = `${above ? at.top - height - 6 : at.bottom + 6}px`;
    }

    #hide() {
        this.tooltip.hidden = true;
    }
}

/** What all kinds begin with, in whole segments: it would fill the first column. */
function sharedStart(kinds) {
    if (kinds.length < 2) return "";
    const first = kinds[0].split(".");
    let same = 0;
    while (same < first.length - 1 && kinds.every(k => k.split(".")[same] === first[same])) same++;
    return same ? `${first.slice(0, same).join(".")}.` : "";
}
