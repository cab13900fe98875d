// One panel with a chart: title, legend that reads values, uPlot below. Charts share cursor and zoom, draw only what is on the screen, and can be used with the keyboard.

import uPlot from "./uPlot/uPlot.esm.js";
import { announce, make, setHidden, setText } from "./dom.js";
import { isolated, short } from "./format.js";
import { colour, onView, setView, view } from "./view.js";

const font = "11px system-ui, sans-serif";
const linked = uPlot.sync("steps");
const onScreen = new IntersectionObserver(entries => {
    for (const { target, isIntersecting } of entries) target.chart.see(isIntersecting);
}, { rootMargin: "100px" });

/**
 * @typedef Series
 * @property {string} label
 * @property {string} colour Name of a custom property.
 * @property {number[]} [dash]
 * @property {number} [width]
 * @property {"line"|"steps"|"points"} [kind]
 * @property {"y"|"y2"} [scale]
 * @property {string} [none] What the legend says while it has no value at all.
 *
 * @typedef Spec
 * @property {string} title
 * @property {() => string} empty What is said while there is nothing to draw.
 * @property {() => Series[]} series Called when the chart is made.
 * @property {() => (number|null)[][]} data x values, then those of each series.
 * @property {(x: number) => string} [x] How an x value is told; a step by default.
 * @property {(y: number, onAxis?: boolean) => string} [y]
 * @property {() => boolean} [log]
 * @property {() => [number, number]} [range] All of x.
 * @property {boolean} [alone] Its x are no steps: it takes no part in the shared cursor and zoom.
 * @property {{x: () => number|null, label: string}} [line] A vertical line.
 */

export class Chart {
    #plot = null;
    #made = "";
    #dirty = true;
    #seen = false;
    #readings = [];

    /** @param {HTMLElement} panel @param {Spec} spec */
    constructor(panel, spec) {
        this.spec = { y: short, x: x => `step ${x}`, ...spec };
        const id = `${panel.id}-title`;
        this.legend = make("p", { className: "legend" });
        this.host = make("div", { className: "plot", tabIndex: 0, role: "group", "aria-labelledby": id, "aria-roledescription": "chart", "aria-keyshortcuts": "ArrowLeft ArrowRight + - Escape" });
        this.empty = make("p", { className: "empty", hidden: true });
        this.head = make("div", { className: "panel-head" }, make("h2", { id }, spec.title));
        panel.setAttribute("aria-labelledby", id);
        panel.append(this.head, this.legend, this.host, this.empty);
        this.host.chart = panel.chart = this;
        this.host.addEventListener("keydown", e => this.#key(e));
        new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.host);
        // The panel, since a plot without data is hidden and would never come into sight.
        onScreen.observe(panel);
        onView(() => this.invalidate());
    }

    /** Says that what it shows changed. It is drawn with the next frame, or once it comes into sight. */
    invalidate() {
        this.#dirty = true;
        if (this.#seen) schedule(this);
    }

    see(seen) {
        this.#seen = seen;
        if (seen && this.#dirty) schedule(this);
    }

    draw() {
        if (!this.#dirty) return;
        this.#dirty = false;
        const data = this.spec.data();
        const nothing = data[0].length === 0;
        this.host.dataset.points = data[0].length;
        if (nothing) setText(this.empty, this.spec.empty());
        setHidden(this.empty, !nothing);
        setHidden(this.host, nothing);
        setHidden(this.legend, nothing);
        if (nothing) return;
        const series = this.spec.series();
        const form = JSON.stringify([series, this.spec.log?.() ?? false]);
        if (form !== this.#made) this.#make(series, data);
        else this.#plot.setData(data);
        this.#made = form;
        this.#read(this.#plot.cursor.idx);
    }

    #make(series, data) {
        this.#plot?.destroy();
        this.#readings = series.map(s => {
            const value = make("b");
            const swatch = make("i", { className: `swatch ${s.kind ?? "line"}${s.dash ? " dashed" : ""}` });
            swatch.style.setProperty("--swatch", `var(--${s.colour})`);
            return { value, none: s.none, element: make("span", {}, swatch, `${isolated(s.label)} `, value) };
        });
        this.at = make("span", { className: "at" });
        this.legend.replaceChildren(...this.#readings.map(r => r.element), this.at);
        this.#plot = new uPlot(this.#options(series), data, this.host);
    }

    #options(series) {
        const { spec } = this;
        const second = series.some(s => s.scale === "y2");
        const y = { distr: spec.log?.() ? 3 : 1, range: spec.log?.() ? undefined : padded };
        const axis = (scale, more) => ({
            scale, font, stroke: () => colour("muted"), grid: { stroke: () => colour("grid"), width: 1, filter: (_, splits) => scale === "y" && spec.log?.() ? splits.map(v => isDecade(v) ? v : null) : splits }, ticks: { show: false }, ...more,
        });
        const tick = (_, splits) => splits.map(v => v === null ? "" : spec.y(v, true));
        return {
            ...this.#size(),
            legend: { show: false },
            // Half of a label like "200 000" stands right of the last step.
            padding: [8, second ? 0 : 24, 0, 0],
            scales: { x: { time: false, range: (_, min, max) => (spec.alone ? null : view.zoom) ?? spread(spec.range?.() ?? [min, max]) }, y, ...(second ? { y2: { range: padded } } : {}) },
            axes: [
                axis("x", { size: 28, values: (_, splits) => splits.map(v => v !== null && Number.isInteger(v) ? short(v, true) : "") }),
                axis("y", { size: widest, values: tick }),
                ...(second ? [axis("y2", { side: 1, size: widest, values: tick, grid: { show: false } })] : []),
            ],
            series: [{}, ...series.map(shown)],
            cursor: {
                y: false, points: { size: 7 }, drag: { x: !spec.alone, y: false, setScale: false },
                sync: spec.alone ? undefined : { key: linked.key, scales: ["x", null], filters: { pub: type => type === "mousemove" || type === "mouseleave" } },
            },
            hooks: {
                setCursor: [u => this.#read(u.cursor.idx)],
                setSelect: [u => this.#zoomTo(u)],
                draw: spec.line ? [u => this.#drawLine(u)] : [],
            },
        };
    }

    #size() {
        return { width: Math.max(120, this.host.clientWidth), height: Math.max(120, this.host.clientHeight) };
    }

    /** Shows the values at the cursor; without one, the last that there are. */
    #read(index) {
        const plot = this.#plot;
        if (!plot) return;
        const { data } = plot;
        this.#readings.forEach(({ value, none }, i) => {
            const ys = data[i + 1];
            let at = index ?? ys.length - 1;
            while (index === null && at > 0 && ys[at] === null) at--;
            if (none && ys.every(y => y === null)) setText(value, none);
            else setText(value, ys[at] === null || ys[at] === undefined ? "–" : this.spec.y(ys[at]));
        });
        setText(this.at, index === null || index === undefined ? "" : this.spec.x(data[0][index]));
    }

    #zoomTo(u) {
        const { left, width } = u.select;
        if (width < 4) return;
        const [from, to] = [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        if (to - from >= 1) setView({ zoom: [from, to] });
    }

    #key(e) {
        const u = this.#plot;
        if (!u || e.ctrlKey || e.metaKey || e.altKey) return;
        const xs = u.data[0];
        const { min, max } = u.scales.x;
        const at = u.cursor.idx ?? xs.length - 1;
        const zoom = factor => {
            if (this.spec.alone) return;
            const width = (max - min) * factor;
            const from = Math.min(Math.max(xs[at] - width / 2, xs[0]), Math.max(xs[0], xs.at(-1) - width));
            if (width >= 1) setView({ zoom: width >= xs.at(-1) - xs[0] ? null : [from, from + width] });
        };
        const actions = {
            ArrowLeft: () => this.#moveTo(Math.max(0, at - (e.shiftKey ? 10 : 1))),
            ArrowRight: () => this.#moveTo(Math.min(xs.length - 1, at + (e.shiftKey ? 10 : 1))),
            Home: () => this.#moveTo(0),
            End: () => this.#moveTo(xs.length - 1),
            "+": () => zoom(0.5),
            "=": () => zoom(0.5),
            "-": () => zoom(2),
            Escape: () => {
                u.setCursor({ left: -10, top: -10 }, true, true);
                if (view.zoom) setView({ zoom: null });
            },
        };
        if (!actions[e.key]) return;
        e.preventDefault();
        actions[e.key]();
    }

    #moveTo(index) {
        const u = this.#plot;
        u.setCursor({ left: u.valToPos(u.data[0][index], "x"), top: u.over.clientHeight / 2 }, true, true);
        announce([this.spec.x(u.data[0][index]), ...this.#readings.map(r => r.element.textContent)].join(", "));
    }

    #drawLine(u) {
        const x = this.spec.line.x();
        if (x === null) return;
        const { ctx, bbox } = u;
        const left = Math.round(u.valToPos(x, "x", true));
        ctx.save();
        ctx.strokeStyle = ctx.fillStyle = colour("c2");
        ctx.lineWidth = devicePixelRatio;
        ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
        ctx.beginPath();
        ctx.moveTo(left, bbox.top);
        ctx.lineTo(left, bbox.top + bbox.height);
        ctx.stroke();
        ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
        ctx.textBaseline = "top";
        const right = left > bbox.left + bbox.width * 0.6;
        ctx.textAlign = right ? "right" : "left";
        ctx.fillText(`${this.spec.line.label} ${x}`, left + (right ? -6 : 6) * devicePixelRatio, bbox.top + 2 * devicePixelRatio);
        ctx.restore();
    }
}

function shown(s) {
    const stroke = () => colour(s.colour);
    return {
        label: s.label,
        scale: s.scale ?? "y",
        stroke,
        width: s.kind === "points" ? 0 : s.width ?? 1.75,
        dash: s.dash,
        spanGaps: s.kind === "points" || s.kind === "dotted",
        paths: s.kind === "steps" ? uPlot.paths.stepped({ align: 1 }) : undefined,
        points: s.kind === "points" ? { show: true, size: 11, width: 2, stroke, fill: () => colour("panel") }
            : s.kind === "dotted" ? { show: true, size: 6, stroke, fill: stroke } : { show: s.kind === "steps" ? false : few, size: 4, stroke, fill: stroke },
    };
}

function isDecade(value) {
    return value > 0 && Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;
}

function spread([min, max]) {
    return min < max ? [min, max] : [min - 1, max + 1];
}

/** A handful of values, or one between gaps, would not be seen as a line. */
function few(u, i, from, to) {
    return to - from < 24;
}

/** Some air above and below; a flat curve in the middle. */
function padded(_, min, max) {
    if (min === null || max === null) return [0, 1];
    const air = max === min ? Math.abs(max) * 0.1 || 1 : (max - min) * 0.08;
    return [min >= 0 && min - air < 0 ? 0 : min - air, max + air];
}

/** As wide as the longest label of an axis. */
function widest(u, values) {
    const longest = (values ?? []).reduce((a, b) => b.length > a.length ? b : a, "");
    if (!longest) return 40;
    u.ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    return Math.ceil(u.ctx.measureText(longest).width / devicePixelRatio) + 14;
}

const waiting = new Set();

function schedule(chart) {
    if (waiting.size === 0) requestAnimationFrame(() => {
        const now = [...waiting];
        waiting.clear();
        for (const c of now) c.draw();
    });
    waiting.add(chart);
}

// What was never scrolled to is on the paper, too.
addEventListener("beforeprint", () => {
    for (const host of document.querySelectorAll(".plot")) host.chart?.draw();
});
