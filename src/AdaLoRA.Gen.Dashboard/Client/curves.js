// The panels that are curves over the steps, and the importance spectrum.

import { Chart } from "./chart.js";
import { byId, make } from "./dom.js";
import { bytes, count, short } from "./format.js";
import { budgetCurves, metricOf, metrics, smooth, spectrum } from "./series.js";
import { hasEnded } from "./store.js";
import { view } from "./view.js";

const finite = value => Number.isFinite(value) ? value : null;

/** Makes all charts; the answer redraws them. @param page where run and moment are found */
export function makeCurves(page) {
    let drawn = {};
    // Several charts read the same columns of the same losses.
    const column = pick => page.run.losses.map(e => finite(pick(e)));
    const steps = () => page.run.losses.map(e => e.step);
    const all = () => [0, Math.max(1, page.run.lastStep)];
    const over = () => hasEnded(page.summary?.state);
    const unread = text => () => over() ? "Nothing was recorded." : text;
    const curve = (name, spec) => new Chart(byId(`panel-${name}`), { empty: unread("Nothing read yet."), range: all, ...spec });

    const charts = [
        curve("loss", {
            title: "Loss",
            empty: unread("No loss was read yet."),
            log: () => view.log,
            series: () => [{ label: "read", colour: "c1-faint", width: 1 }, { label: "smoothed", colour: "c1", width: 2.25 }],
            data: () => {
                const losses = column(e => view.log && e.loss <= 0 ? NaN : e.loss);
                return [steps(), losses, smooth(losses, view.smoothing)];
            },
        }),
        curve("rate", {
            title: "Learning rate",
            series: () => [{ label: "adapters", colour: "c1" }],
            data: () => [steps(), column(e => e.learning_rate)],
        }),
        curve("gradient", {
            title: "Gradient and orthogonality",
            series: () => [{ label: "‖g‖₂", colour: "c1" }, { label: "R(P, Q), right", colour: "c2", dash: [6, 3], scale: "y2" }],
            data: () => [steps(), column(e => e.gradient_norm), column(e => e.regulariser)],
        }),
        curve("throughput", {
            title: "Throughput",
            series: () => [{ label: "examples/s", colour: "c1" }],
            data: () => [steps(), column(e => e.samples_per_second)],
        }),
        curve("memory", {
            title: "Memory",
            y: bytes,
            series: () => [{ label: "process", colour: "c1" }, ...(page.run.losses.some(hasDevice) ? [{ label: "device", colour: "c2", dash: [6, 3] }] : [])],
            data: () => [steps(), column(e => e.process_bytes), ...(page.run.losses.some(hasDevice) ? [column(e => e.device_bytes)] : [])],
        }),
    ];

    const budget = curve("budget", {
        title: "Budget",
        empty: () => page.run.started ? "This method has no budget to spend." : unread("Nothing read yet.")(),
        y: count,
        range: () => [0, page.run.started?.total_steps ?? 1],
        series: () => [{ label: "b(t) as scheduled", colour: "c2", dash: [6, 3] }, { label: page.run.started?.budget?.unit ?? "triplets", colour: "c1", kind: "steps", width: 2.25 }],
        data: () => page.run.started?.budget ? budgetCurves(page.run) : [[], [], []],
    });

    const evaluation = makeEvaluation(page, curve, over, unread);
    const importance = curve("spectrum", {
        title: "Importance spectrum",
        empty: () => page.run.started ? "Nothing was ranked at this moment." : unread("Nothing was ranked yet.")(),
        alone: true,
        range: undefined,
        log: () => true,
        x: x => `triplet ${x}`,
        series: () => [{ label: "importance", colour: "c1", width: 2 }],
        data: () => spectrum(page.run.started, page.moment),
        line: { label: "live", x: () => page.moment?.ranks.reduce((a, b) => a + b, 0) ?? null },
    });

    return function draw() {
        const { run, moment } = page;
        if (drawn.over !== over()) for (const chart of [...charts, budget, evaluation, importance]) chart.invalidate();
        if (drawn.run !== run || drawn.losses !== run.losses.at(-1) || drawn.started !== run.started) for (const chart of charts) chart.invalidate();
        if (drawn.run !== run || drawn.version !== run.version) budget.invalidate();
        if (drawn.run !== run || drawn.evaluations !== run.evaluations.at(-1) || drawn.started !== run.started || drawn.lastStep !== run.lastStep) evaluation.invalidate();
        if (drawn.run !== run || drawn.moment !== moment) importance.invalidate();
        drawn = { run, moment, over: over(), version: run.version, losses: run.losses.at(-1), evaluations: run.evaluations.at(-1), started: run.started, lastStep: run.lastStep };
    };
}

const hasDevice = e => e.device_bytes !== null && e.device_bytes !== undefined;

/** One metric at a time: their scales have nothing in common. */
function makeEvaluation(page, curve, over, unread) {
    const choice = make("select", { "aria-label": "Metric" });
    let names = [];
    const none = () => `none${page.run.started?.budget ? " within the budget" : ""}${over() ? "" : " yet"}`;
    const chart = curve("evaluation", {
        title: "Evaluation",
        empty: unread("Not evaluated yet."),
        y: short,
        series: () => [{ label: choice.value, colour: "c3", kind: "dotted" }, { label: "best", colour: "c2", kind: "points", none: none() }],
        data: () => {
            const { evaluations } = page.run;
            offer(metrics(evaluations));
            const values = evaluations.map(e => finite(metricOf(e, choice.value)));
            const best = evaluations.findLastIndex(e => e.is_best);
            return [evaluations.map(e => e.step), values, values.map((v, i) => i === best ? v : null)];
        },
    });
    chart.head.append(choice);
    choice.addEventListener("change", () => chart.invalidate());
    function offer(now) {
        choice.hidden = now.length < 2;
        if (now.length === names.length && now.every((name, i) => name === names[i])) return;
        const before = choice.value;
        names = now;
        choice.replaceChildren(...now.map(name => make("option", { value: name }, name)));
        if (now.includes(before)) choice.value = before;
    }
    return chart;
}
