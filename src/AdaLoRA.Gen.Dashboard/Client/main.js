// The page: which run is looked at, and drawing once a frame what changed.

import { getRuns, setToken } from "./api.js";
import { Controls } from "./controls.js";
import { drawCard } from "./card.js";
import { makeCurves } from "./curves.js";
import { byId, setHidden, setText } from "./dom.js";
import { isolated } from "./format.js";
import { Events } from "./events.js";
import { Feed } from "./feed.js";
import { drawConnection, drawHeader } from "./header.js";
import { RankMap } from "./rankmap.js";
import { drawRuns, setUpRuns } from "./runs.js";
import { Run } from "./store.js";
import { Timeline } from "./timeline.js";
import { onView, setView, view } from "./view.js";

const refreshMilliseconds = 5000;

/** What is looked at; the parts read it when they draw. */
const page = {
    id: null,
    summary: null,
    run: new Run(),
    /** The reading of ranks that map and spectrum show. */
    moment: null,
};

let runs = [];
let skipped = [];
let trouble = "";
/** Whether the list was ever fetched. */
let listed = false;
let feed = null;
let frame = 0;

const invalidate = () => frame ||= requestAnimationFrame(draw);
const timeline = new Timeline(invalidate);
const rankMap = new RankMap(byId("rankmap"), byId("tooltip"));
const events = new Events(invalidate);
const controls = new Controls(page, invalidate);
const drawCurves = makeCurves(page);
let drawnFeed = null;

function draw() {
    frame = 0;
    drawRuns(runs.map(current), skipped, page.id);
    setText(byId("trouble"), trouble);
    setHidden(byId("trouble"), !trouble);
    const nothing = sayNothing();
    setText(byId("nothing"), nothing);
    setHidden(byId("nothing"), !nothing);
    setHidden(byId("run"), !feed?.summary);
    if (!feed?.summary) return drawConnection(feed?.status);
    page.run = feed.run;
    page.summary = feed.summary;
    drawHeader(feed);
    controls.draw();
    timeline.draw(page.run, drawnFeed === feed);
    page.moment = timeline.moment;
    if (page.run.started) rankMap.show(page.run.started.targets, timeline.moment, timeline.before);
    setHidden(byId("panel-ranks"), !page.run.started);
    drawCurves();
    events.draw(page.run);
    drawCard(page);
    drawnFeed = feed;
}

/** The list is asked for now and then; of the run that is followed more is known. */
function current(summary) {
    if (summary.id !== page.id || feed?.status !== "live") return summary;
    return { ...summary, state: feed.summary.state, step: Math.max(summary.step ?? 0, feed.run.lastStep) };
}

function sayNothing() {
    if (feed?.status === "missing") return "The app knows no run of this name. Choose one from the list.";
    if (!trouble && (feed ? feed.status === "connecting" && !feed.summary : !listed)) return "Loading…";
    if (!feed && !trouble) return runs.length ? "Choose a run from the list." : "No runs yet. One shows here as soon as the app trains; past ones come from the logs in their output folders.";
    return "";
}

/** Looks at a run. */
function choose(id) {
    if (id === page.id) return;
    feed?.close();
    Object.assign(page, { id, summary: null, run: new Run(), moment: null });
    controls.reset();
    setView({ zoom: null });
    feed = id === null ? null : new Feed(id, onFeed);
    invalidate();
}

let stateBefore = null;

function onFeed() {
    const state = feed?.summary?.state;
    // The list knows of an end only when it is asked.
    if (state !== stateBefore) refresh();
    stateBefore = state;
    invalidate();
}

/** Fragment: "run=ID" to link to, "token=…" to take and hide. */
function readAddress() {
    const parts = new URLSearchParams(location.hash.slice(1));
    if (parts.has("token")) {
        setToken(parts.get("token"));
        parts.delete("token");
        history.replaceState(null, "", parts.size ? `#${parts}` : location.pathname + location.search);
        controls.refresh();
    }
    if (parts.has("run")) choose(parts.get("run"));
    else if (!page.id && runs.length) choose(runs[0].id);
}

let asking = false;

async function refresh() {
    if (asking) return;
    asking = true;
    try {
        ({ runs, skipped = [] } = await getRuns());
        trouble = "";
        listed = true;
        if (!page.id) readAddress();
        feed?.compare(runs.find(r => r.id === page.id));
        // A hidden tab that let go of its connection still shows in its title how far the run is.
        if (feed?.status === "resting") {
            const summary = runs.find(r => r.id === page.id);
            if (summary?.total_steps) document.title = `${Math.floor(100 * summary.step / summary.total_steps)} % · ${isolated(summary.name)}`;
        }
    } catch (error) {
        trouble = error.message;
    } finally {
        asking = false;
        invalidate();
    }
}

setUpRuns();
byId("smoothing").addEventListener("input", e => setView({ smoothing: Number(e.target.value) }));
byId("log").addEventListener("change", e => setView({ log: e.target.checked }));
byId("unzoom").addEventListener("click", () => setView({ zoom: null }));
onView(() => {
    setText(byId("smoothing-value"), view.smoothing.toFixed(2));
    byId("unzoom").disabled = !view.zoom;
});
document.querySelector(".skip").addEventListener("click", e => {
    e.preventDefault();
    byId("main").focus();
});
addEventListener("hashchange", readAddress);
setInterval(refresh, refreshMilliseconds);
readAddress();
refresh();
