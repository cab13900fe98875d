// The head of a run: name, state, progress, and the figures that one looks at first.

import { byId, make, setHidden, setText } from "./dom.js";
import { bytes, count, duration, isolated, moment as time, short } from "./format.js";
import { spent } from "./series.js";
import { hasEnded } from "./store.js";

const connections = {
    connecting: "Connecting…",
    live: "Live",
    lost: "Connection lost, trying again",
    resting: "Resting in the background",
    over: "",
    missing: "",
};
const figures = new Map();

export function drawHeader({ summary, run, status }) {
    const { started } = run;
    const total = started?.total_steps ?? summary.total_steps ?? 0;
    const steps = Math.max(run.lastStep, started ? 0 : summary.step ?? 0);
    setText(byId("name"), summary.name);
    const state = byId("state");
    setText(state, summary.state);
    state.dataset.state = summary.state;
    const reason = hasEnded(summary.state) ? run.ended?.reason ?? summary.reason ?? "" : "";
    setText(byId("reason"), reason);
    setHidden(byId("reason"), !reason);
    setText(byId("about"), about(summary, started));
    const progress = byId("progress");
    progress.value = total ? Math.min(1, steps / total) : 0;
    setText(byId("progress-text"), total ? `${count(steps)} of ${count(total)} steps${remaining(summary, run)}` : hasEnded(summary.state) ? "It ended before its first step." : "Not started yet.");
    document.title = summary.state === "Training" && total ? `${Math.floor(100 * steps / total)} % · ${isolated(summary.name)}` : `${isolated(summary.name)} · AdaLoRA.Gen`;
    drawConnection(status);
    drawFigures(run);
}

export function drawConnection(status) {
    const connection = byId("connection");
    setText(connection, connections[status] ?? "");
    connection.dataset.status = status ?? "";
}

function about(summary, started) {
    const parts = [isolated(summary.model)];
    if (started) {
        parts.push(started.device === "cpu" ? `cpu, ${started.threads === 1 ? "1 thread" : `${started.threads} threads`}` : isolated(started.device));
        parts.push(`${count(started.targets.length)} adapters`, `${count(started.trained_parameters)} parameters`, `started ${time(started.time)}`);
    }
    return parts.filter(Boolean).join(" · ");
}

function remaining({ state }, { lastLoss, ended }) {
    if (state === "Training" && Number.isFinite(lastLoss?.remaining_seconds)) return `, ${duration(lastLoss.remaining_seconds)} to go`;
    if (ended?.result) return `, ${duration(ended.result.seconds)} in steps`;
    return "";
}

function drawFigures(run) {
    const { lastLoss, evaluations, ranks, started } = run;
    const best = evaluations.findLast(e => e.is_best) ?? evaluations.at(-1);
    const now = ranks.at(-1);
    figure("loss", "Loss", lastLoss && short(lastLoss.loss));
    figure("metric", best ? `${best.is_best ? "Best" : "Last"} ${isolated(best.metric)}` : "Metric", best && short(best.value));
    figure("live", started?.budget?.unit === "parameters" ? "Parameters live" : "Triplets live", now && `${count(spent(started, now))}${started.budget ? ` / ${count(started.budget.final)}` : ""}`);
    figure("epoch", "Epoch", lastLoss && lastLoss.epoch.toFixed(2));
    figure("throughput", "Examples/s", lastLoss && short(lastLoss.samples_per_second));
    figure("memory", "Memory", lastLoss && bytes(lastLoss.device_bytes ?? lastLoss.process_bytes ?? NaN));
    figure("skipped", "Skipped steps", lastLoss?.skipped_steps ? count(lastLoss.skipped_steps) : null, true);
}

function figure(key, label, value, optional = false) {
    if (!figures.has(key)) {
        const [name, data] = [make("dt"), make("dd")];
        const box = make("div", {}, name, data);
        byId("figures").append(box);
        figures.set(key, { name, data, box });
    }
    const { name, data, box } = figures.get(key);
    setText(name, label);
    setText(data, value ?? "–");
    setHidden(box, optional && !value);
}
