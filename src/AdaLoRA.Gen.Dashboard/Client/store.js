// What is known of one run, from its events in order. The same rules as RunHistory: a start withdraws what was told of later steps, and lists stay bounded.

import { number } from "./format.js";

const most = { loss: 4096 };
const mostOfOthers = 1024;
const withdrawn = new Set(["loss", "ranks", "evaluation", "checkpoint"]);
const ended = new Set(["Finished", "Interrupted", "Failed"]);

export const hasEnded = state => ended.has(state);

export class Run {
    started = null;
    ended = null;
    losses = [];
    ranks = [];
    evaluations = [];
    /** All else, and evaluations again: what the list of events shows. */
    log = [];
    /** The greatest step told of since the last start. */
    lastStep = 0;
    /** Changes with every event. */
    version = 0;
    /** Changes when the list of events does. */
    logVersion = 0;

    /** Takes the next event. */
    add(event) {
        const e = readable(event);
        this.version++;
        if (e.type === "started") this.#start(e);
        if (e.type === "ended") this.ended = e;
        if (Number.isFinite(e.step)) this.lastStep = Math.max(this.lastStep, e.step);
        if (e.type === "loss") bounded(this.losses, e);
        else if (e.type === "ranks") bounded(this.ranks, e);
        else {
            this.logVersion++;
            if (e.type === "evaluation") bounded(this.evaluations, e);
            bounded(this.log, e);
        }
    }

    get lastLoss() {
        return this.losses.at(-1) ?? null;
    }

    #start(e) {
        this.started = e;
        this.ended = null;
        this.lastStep = e.step;
        const holds = old => old.type !== "ended" && !(withdrawn.has(old.type) && old.step > e.step);
        this.losses = this.losses.filter(holds);
        this.ranks = this.ranks.filter(holds);
        this.evaluations = this.evaluations.filter(holds);
        this.log = this.log.filter(holds);
    }
}

/** Adds an event and drops every second of its type, but not the newest, when there are too many. */
function bounded(list, e) {
    list.push(e);
    const limit = most[e.type] ?? mostOfOthers;
    if (list.length <= limit || list.filter(o => o.type === e.type).length <= limit) return;
    let seen = 0;
    const kept = list.filter(o => o.type !== e.type || o === e || ++seen % 2 !== 0);
    list.splice(0, list.length, ...kept);
}

// Numbers as numbers; names of metrics as keys of a Map, since a task may call one "__proto__".
function readable(event) {
    const e = { ...event };
    if (e.type === "loss") {
        for (const name of ["loss", "epoch", "learning_rate", "gradient_norm", "regulariser", "samples_per_second", "remaining_seconds"]) e[name] = number(e[name]);
    }
    if (e.type === "ranks") e.importances = e.importances?.map(number) ?? null;
    if (e.type === "evaluation") {
        e.value = number(e.value);
        e.further = new Map(Object.entries(e.further ?? {}).map(([name, value]) => [name, number(value)]));
    }
    return e;
}
