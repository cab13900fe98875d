// The run card: what trained, on what, with which options, and where its files are.

import { byId, make } from "./dom.js";
import { bytes, count, duration, isolated, moment as time, short } from "./format.js";
import { hasEnded } from "./store.js";

let drawn = {};

export function drawCard({ summary, run }) {
    const { started, ended } = run;
    const over = hasEnded(summary.state);
    if (started === drawn.started && ended === drawn.ended && over === drawn.over) return;
    drawn = { started, ended, over };
    if (!started) {
        byId("card").replaceChildren(make("p", { className: "empty" }, over ? "Nothing was recorded." : "The run has not begun."));
        return;
    }
    byId("card").replaceChildren(
        part("Run", {
            run: started.run, model: started.model, device: started.device, threads: started.threads, steps: started.total_steps, "batches an epoch": started.batches_per_epoch,
            started: time(started.time), "resumed from": started.resumed_from, process: started.process_id, "output folder": started.output_folder, ...budget(started.budget),
        }, true),
        part("Task", started.card, true),
        part("Result", result(ended?.result), true),
        part("Versions", started.versions, true),
        part(`Options (${Object.keys(started.options).length})`, started.options, false));
}

function budget(b) {
    return b ? { budget: `${count(b.initial)} → ${count(b.final)} ${b.unit}, t_i ${b.initial_warmup}, t_f ${b.final_warmup}, ΔT ${b.interval}` } : {};
}

function result(r) {
    if (!r) return {};
    return {
        "last loss": typeof r.last_loss === "number" ? short(r.last_loss) : r.last_loss, ...evaluation("final", r.final), ...evaluation("best", r.best?.evaluation ?? r.best),
        "time in steps": duration(r.seconds), "examples/s": short(r.samples_per_second), "trained parameters": count(r.trainable_parameters), "base parameters": count(r.base_parameters),
        "peak memory": r.peak_process_bytes ? bytes(r.peak_process_bytes) : null, adapter: r.adapter_folder, "best adapter": r.best_folder, checkpoint: r.checkpoint,
    };
}

function evaluation(name, e) {
    return e?.metric ? { [name]: `${isolated(e.metric)} ${short(Number(e.value))}` } : {};
}

function part(title, values, open) {
    const rows = Object.entries(values ?? {}).filter(([, value]) => value !== null && value !== undefined && value !== "");
    if (rows.length === 0) return "";
    return make("details", { open }, make("summary", {}, title), make("dl", {}, ...rows.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, String(value))))));
}
