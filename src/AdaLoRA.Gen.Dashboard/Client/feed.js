// One run, kept up to date: fetched whole, then followed. Whatever breaks (connection, app, a reader that fell behind) ends in fetching it again, so there is one way to be right.

import { getRun, openStream } from "./api.js";
import { Run, hasEnded } from "./store.js";

const firstWait = 1000;
const longestWait = 30_000;
/** A hidden tab lets go of its connection, of which a browser has few, after this long. */
const restAfter = 60_000;

export class Feed {
    run = new Run();
    summary = null;
    /** connecting, live, lost, resting, over, or missing. */
    status = "connecting";
    #stream = null;
    #tries = 0;
    #timer = 0;
    #rest = 0;
    #closed = false;

    /** @param {() => void} changed called whenever run, summary or status did; at most a few times a second. */
    constructor(id, changed) {
        this.id = id;
        this.changed = changed;
        document.addEventListener("visibilitychange", this.#onVisibility);
        this.#load();
    }

    close() {
        this.#closed = true;
        document.removeEventListener("visibilitychange", this.#onVisibility);
        this.#release();
    }

    /** Reads a run again that is no longer over or missing: its app was started again. @param summary as the list has it */
    compare(summary) {
        const isBack = this.status === "missing" ? Boolean(summary) : this.status === "over" && summary && (summary.state !== this.summary.state || summary.run !== this.summary.run);
        if (isBack) this.#load();
    }

    async #load(isLast = false) {
        this.#release();
        try {
            const { summary, events, number } = await getRun(this.id);
            if (this.#closed) return;
            const run = new Run();
            for (const e of events) run.add(e);
            this.run = run;
            this.summary = summary;
            if (isLast || hasEnded(summary.state)) this.#become("over");
            else this.#follow(number);
        } catch (error) {
            if (this.#closed) return;
            if (error.status === 404) this.#become("missing");
            else this.#retry();
        }
    }

    #follow(number) {
        const stream = this.#stream = openStream(this.id, number);
        const hears = (type, action) => stream.addEventListener(type, message => {
            if (stream === this.#stream) action(message.data ? JSON.parse(message.data) : null);
        });
        stream.addEventListener("open", () => {
            if (stream !== this.#stream) return;
            this.#become("live");
        });
        hears("events", events => {
            this.#tries = 0;
            for (const e of events) this.run.add(e);
            // What was missed is in the run's history; it is fetched, but not by a page that cannot keep up all the time.
            if (events.some(e => e.type === "missed")) this.#retry();
            this.changed();
        });
        hears("state", ({ state }) => {
            this.summary.state = state;
            this.changed();
        });
        hears("reset", () => this.#retry());
        // Of a fast run the stream leaves readings out; once it is over, all that are kept are read.
        hears("end", () => this.#load(true));
        stream.onerror = () => {
            if (stream === this.#stream) this.#retry();
        };
    }

    #retry() {
        this.#release();
        const wait = Math.min(longestWait, firstWait * 2 ** this.#tries++);
        // Pages that lost the same app must not all come back in the same moment.
        this.#timer = setTimeout(() => this.#load(), wait * (0.75 + Math.random() / 2));
        this.#become("lost");
    }

    #onVisibility = () => {
        clearTimeout(this.#rest);
        if (document.hidden) {
            this.#rest = setTimeout(() => {
                if (this.status === "over" || this.status === "missing") return;
                this.#release();
                this.#become("resting");
            }, restAfter);
        } else if (this.status === "resting" || this.status === "lost") {
            this.#tries = 0;
            this.#load();
        }
    };

    #release() {
        clearTimeout(this.#timer);
        this.#stream?.close();
        this.#stream = null;
    }

    #become(status) {
        this.status = status;
        this.changed();
    }
}
