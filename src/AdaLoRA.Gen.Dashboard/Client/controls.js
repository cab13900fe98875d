// The buttons. They show what the server says the run is doing, never what was only asked for.

import { getSession, press, setToken, token } from "./api.js";
import { byId, setText } from "./dom.js";
import { isolated } from "./format.js";
import { hasEnded } from "./store.js";

const asked = {
    pause: "Asked to pause; it does so after the step under way.",
    continue: "Asked to go on.",
    checkpoint: "Asked for a checkpoint; it is written after the step under way.",
    stop: "Asked to stop; the step under way is finished and a checkpoint written.",
};

export class Controls {
    #page;
    #control = "allowed";
    #note = "";
    #waitsFor = null;
    #busy = false;
    #token = null;

    /** @param page where the run is found @param said told of what a press changed */
    constructor(page, said) {
        this.#page = page;
        this.said = said;
        byId("pause").addEventListener("click", () => this.#press("pause", this.#state === "Paused" ? "continue" : "pause"));
        byId("checkpoint").addEventListener("click", () => this.#press("checkpoint", "checkpoint"));
        byId("stop").addEventListener("click", () => this.#confirm());
        byId("confirm-no").addEventListener("click", () => byId("confirm").close());
        byId("confirm-yes").addEventListener("click", () => {
            byId("confirm").close();
            this.#press("stop", "stop");
        });
        byId("token-form").addEventListener("submit", e => {
            e.preventDefault();
            this.#answerToken(byId("token").value.trim());
        });
        byId("token-no").addEventListener("click", () => this.#answerToken(null));
        byId("token-dialog").addEventListener("close", () => this.#answerToken(null));
        this.refresh();
    }

    /** Asks whether this caller may press buttons. */
    async refresh() {
        try {
            this.#control = (await getSession()).control;
        } catch { /* the next press says what is wrong */ }
        this.said();
    }

    /** Another run is looked at. */
    reset() {
        this.#note = "";
        this.#waitsFor = null;
    }

    draw() {
        const state = this.#state;
        const { run } = this.#page;
        if (this.#waitsFor?.(state, run)) this.reset();
        setText(byId("pause"), state === "Paused" ? "Continue" : "Pause");
        const why = this.#whyNot(state);
        for (const id of ["pause", "checkpoint", "stop"]) {
            const button = byId(id);
            const off = why !== "" || this.#busy;
            button.setAttribute("aria-disabled", String(off));
            button.title = why;
        }
        byId("pause").parentElement.dataset.off = String(why !== "");
        setText(byId("buttons-note"), this.#note || why);
    }

    get #state() {
        return this.#page.summary?.state;
    }

    #whyNot(state) {
        if (hasEnded(state)) return state === "Interrupted" && this.#page.run.started ? "This run was interrupted; it goes on when the app resumes it." : "This run has ended.";
        if (!this.#page.summary?.live) return "This is a record of a run of another process; its own app has the buttons.";
        if (this.#control === "forbidden") return "This app does not let you press buttons.";
        if (state === "Stopping") return "The run is stopping: the step under way is finished and a checkpoint written.";
        return "";
    }

    #confirm() {
        if (this.#isOff("stop")) return;
        setText(byId("confirm-title"), `Stop ${isolated(this.#page.summary.name)}?`);
        byId("confirm").showModal();
    }

    #isOff(id) {
        return byId(id).getAttribute("aria-disabled") === "true";
    }

    async #press(id, button) {
        if (this.#isOff(id)) return;
        const { id: run } = this.#page;
        if (this.#control === "token" && !token() && !await this.#askForToken("The app printed it when it started. It is kept until this tab is closed.")) return;
        const before = { state: this.#state, checkpoints: checkpoints(this.#page.run) };
        this.#busy = true;
        this.#note = "";
        this.said();
        try {
            await this.#send(run, button);
            if (run !== this.#page.id) return;
            this.#note = asked[button];
            // Until the server tells of it, the button stays what it was.
            this.#waitsFor = button === "checkpoint" ? (state, now) => hasEnded(state) || checkpoints(now) !== before.checkpoints : state => state !== before.state;
        } catch (error) {
            this.#note = error.message;
            this.#waitsFor = null;
        } finally {
            this.#busy = false;
            this.said();
        }
    }

    async #send(run, button) {
        for (;;) {
            try {
                return await press(run, button);
            } catch (error) {
                if (error.status === 401) {
                    const refused = token() !== null;
                    setToken(null);
                    if (await this.#askForToken(refused ? "The app did not accept that token. It prints the right one when it starts." : error.message)) continue;
                }
                throw error;
            }
        }
    }

    #askForToken(text) {
        setText(byId("token-text"), text);
        byId("token").value = "";
        byId("token-dialog").showModal();
        return new Promise(answer => this.#token = answer);
    }

    #answerToken(value) {
        const answer = this.#token;
        this.#token = null;
        byId("token-dialog").close();
        if (!answer) return;
        if (value) setToken(value);
        answer(Boolean(value));
    }
}

const checkpoints = run => run.log.findLast(e => e.type === "checkpoint") ?? null;
