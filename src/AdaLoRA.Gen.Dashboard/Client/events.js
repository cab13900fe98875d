// The list of events, newest first, by kinds that can be left out.

import { announce, byId, make } from "./dom.js";
import { duration, isolated, moment as time, short } from "./format.js";

const most = 300;
const kinds = {
    evaluation: "Evaluations",
    checkpoint: "Checkpoints",
    notice: "Notices",
    state: "States",
};
const kindOf = { evaluation: "evaluation", checkpoint: "checkpoint", notice: "notice", missed: "notice" };

export class Events {
    #hidden = new Set();
    #run = null;
    #version = -1;
    #last = null;

    constructor(changed) {
        byId("events-filter").append(...Object.entries(kinds).map(([kind, label]) => {
            const box = make("input", { type: "checkbox", checked: true });
            box.addEventListener("change", () => {
                if (box.checked) this.#hidden.delete(kind);
                else this.#hidden.add(kind);
                this.#version = -1;
                changed();
            });
            return make("label", {}, box, ` ${label}`);
        }));
    }

    draw(run) {
        if (run === this.#run && run.logVersion === this.#version) return;
        const last = run.log.at(-1);
        if (run === this.#run && last !== this.#last && ["checkpoint", "paused", "continued", "ended", "notice"].includes(last?.type)) announce(`Step ${last.step}: ${tell(last)}`);
        this.#run = run;
        this.#version = run.logVersion;
        this.#last = last;
        const shown = run.log.filter(e => !this.#hidden.has(kindOf[e.type] ?? "state"));
        const rows = shown.slice(-most).reverse().map(e => make("li", { className: `event ${e.type}${e.is_best ? " best" : ""}${e.state === "Failed" ? " failed" : ""}` },
            make("time", { dateTime: e.time ?? "" }, time(e.time)), make("span", { className: "step" }, String(e.step)), make("span", {}, tell(e))));
        if (shown.length > most) rows.push(make("li", { className: "more" }, `${shown.length - most} earlier ones are in the run's file.`));
        if (rows.length === 0) rows.push(make("li", { className: "more" }, run.log.length ? "All kinds are left out." : "Nothing happened yet."));
        byId("events").replaceChildren(...rows);
    }
}

function tell(e) {
    switch (e.type) {
        case "started": return e.resumed_from ? `Went on from ${e.resumed_from}` : "Started";
        case "evaluation": return [`${isolated(e.metric)} ${short(e.value)}${e.is_best ? ", the best so far" : ""}`, ...[...e.further].map(([name, value]) => `${isolated(name)} ${short(value)}`)].join(" · ");
        case "checkpoint": return `Checkpoint ${isolated(e.folder.split(/[\\/]/).at(-1))}${e.interrupted ? ", before stopping" : ""}`;
        case "notice": return e.text;
        case "paused": return "Paused";
        case "continued": return "Continued";
        case "missed": return `${e.count} events came too fast for this page; the run is read again.`;
        case "ended": return e.reason ? `${e.state}: ${e.reason}` : e.result ? `${e.state} after ${duration(e.result.seconds)} in steps` : e.state;
        default: return e.type;
    }
}
