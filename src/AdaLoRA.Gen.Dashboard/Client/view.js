// What all curves share: the steps in view, the smoothing, the scale of the loss, and colours of the theme.

const listeners = new Set();

export const view = {
    /** Steps that are zoomed to, [from, to]; null for all. */
    zoom: null,
    smoothing: 0.6,
    log: false,
};

export function onView(listener) {
    listeners.add(listener);
}

export function setView(changes) {
    Object.assign(view, changes);
    for (const listener of listeners) listener();
}

let colours = new Map();

/** A custom property of the theme. Asked for at every stroke, so it is kept until the theme changes. */
export function colour(name) {
    if (!colours.has(name)) colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
    return colours.get(name);
}

addEventListener("themechange", () => {
    colours = new Map();
    setView({});
});
