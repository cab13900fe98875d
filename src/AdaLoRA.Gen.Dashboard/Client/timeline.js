// Which reading of the ranks is looked at: the newest as it comes, or one in the past, by slider, steps or as a film.

import { byId, setText } from "./dom.js";
import { count } from "./format.js";
import { spent } from "./series.js";

const filmMilliseconds = 150;

export class Timeline {
    /** The reading that is looked at; null means the newest. A reference, since places in the list move when it is thinned. */
    #chosen = null;
    #film = 0;
    #run = null;
    #slider = byId("frame");

    constructor(changed) {
        this.changed = changed;
        this.#slider.addEventListener("input", () => this.#go(Number(this.#slider.value), true));
        byId("frame-back").addEventListener("click", () => this.#go(this.index - 1, true));
        byId("frame-on").addEventListener("click", () => this.#go(this.index + 1, true));
        byId("frame-live").addEventListener("click", () => this.#go(Infinity, true));
        byId("frame-play").addEventListener("click", () => this.#film ? this.#stop() : this.#play());
    }

    get moment() {
        return this.#run?.ranks[this.index] ?? null;
    }

    get before() {
        return this.#run?.ranks[this.index - 1] ?? null;
    }

    get index() {
        const last = (this.#run?.ranks.length ?? 0) - 1;
        if (!this.#chosen) return last;
        const at = this.#run.ranks.indexOf(this.#chosen);
        // It was dropped when the list was thinned: the one that stood before it.
        return at >= 0 ? at : Math.max(0, this.#run.ranks.findLastIndex(r => r.step <= this.#chosen.step));
    }

    /** Follows a run; another run begins at its newest reading. */
    draw(run, sameRun) {
        this.#run = run;
        if (!sameRun) {
            this.#chosen = null;
            this.#stop();
        }
        const last = Math.max(0, run.ranks.length - 1);
        const { moment, index } = this;
        this.#slider.max = String(last);
        this.#slider.value = String(Math.max(0, index));
        this.#slider.disabled = run.ranks.length < 2;
        byId("frame-back").disabled = index <= 0;
        byId("frame-on").disabled = index >= last;
        byId("frame-play").disabled = run.ranks.length < 2;
        byId("frame-live").setAttribute("aria-pressed", String(!this.#chosen));
        const text = moment ? describe(run.started, moment) : "Nothing was ranked yet.";
        setText(byId("ranks-summary"), text);
        this.#slider.setAttribute("aria-valuetext", text);
    }

    #go(index, byHand) {
        if (byHand) this.#stop();
        const { ranks } = this.#run;
        this.#chosen = index >= ranks.length - 1 ? null : ranks[Math.max(0, index)];
        this.changed();
    }

    #play() {
        const from = this.#chosen ? this.index : 0;
        this.#go(from, false);
        this.#film = setInterval(() => {
            if (this.index >= this.#run.ranks.length - 1) this.#stop();
            else this.#go(this.index + 1, false);
        }, filmMilliseconds);
        setText(byId("frame-play"), "Pause");
    }

    #stop() {
        clearInterval(this.#film);
        this.#film = 0;
        setText(byId("frame-play"), "Play");
    }
}

function describe(started, moment) {
    const live = moment.ranks.reduce((a, b) => a + b, 0);
    const all = started.targets.reduce((sum, t) => sum + t.initial_rank, 0);
    const text = `Step ${count(moment.step)}: ${count(live)} of ${count(all)} triplets live`;
    if (!started.budget) return `${text}.`;
    return started.budget.unit === "parameters" ? `${text}, ${count(spent(started, moment))} parameters of a budget of ${count(moment.budget)}.` : `${text}, budget ${count(moment.budget)}.`;
}
