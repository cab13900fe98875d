// The server: what is asked of it, and with which token. All addresses are relative to where this file lies, so the page works below any prefix.

const root = new URL("../", import.meta.url);
const tokenKey = `adalora.token:${root.pathname}`;
let tokenOfPage = null;

/** An answer that is not what was asked for; its message is a sentence to show. */
export class ApiError extends Error {
    constructor(message, status) {
        super(message);
        this.status = status;
    }
}

export const getRuns = () => ask("api/runs");
export const getRun = id => ask(`api/runs/${encodeURIComponent(id)}`);
export const getSession = () => ask("api/session");

/** Presses a button of a run: pause, continue, checkpoint or stop. */
export function press(id, button) {
    const headers = { "X-AdaLoRA-Dashboard": "1" };
    if (token()) headers.Authorization = `Bearer ${token()}`;
    return ask(`api/runs/${encodeURIComponent(id)}/${button}`, { method: "POST", headers });
}

/** The events after one of a number, as they happen. */
export function openStream(id, after) {
    return new EventSource(new URL(`api/runs/${encodeURIComponent(id)}/stream?after=${after}`, root));
}

export function token() {
    try {
        return tokenOfPage ?? sessionStorage.getItem(tokenKey);
    } catch {
        return tokenOfPage;
    }
}

/** Keeps a token as long as the tab lives; null forgets it. */
export function setToken(value) {
    tokenOfPage = value;
    try {
        if (value === null) sessionStorage.removeItem(tokenKey);
        else sessionStorage.setItem(tokenKey, value);
    } catch { /* without storage it lasts as long as the page */ }
}

async function ask(path, options = {}) {
    let response;
    try {
        response = await fetch(new URL(path, root), { cache: "no-store", ...options });
    } catch {
        throw new ApiError("The app does not answer. It may have ended, or the connection is down.", 0);
    }
    if (response.ok) return response.json();
    throw new ApiError(await sentence(response), response.status);
}

async function sentence(response) {
    try {
        const { error } = await response.json();
        if (typeof error === "string" && error) return error;
    } catch { /* an answer of something before the app, or without a body */ }
    switch (response.status) {
        case 401: return "The app asks for its token before it lets you press buttons.";
        case 403: return "The app does not let you do this.";
        case 404: return "The app knows no such run.";
        case 409: return "The run is past that.";
        default: return `The app answered with status ${response.status}.`;
    }
}
