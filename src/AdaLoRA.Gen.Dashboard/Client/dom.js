// Making and changing elements. What comes from a run is only ever set as text.

export const byId = id => document.getElementById(id);

/** An element with properties (className, title, …), attributes (aria-…, data-…, role) and children: elements or text. */
export function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (value === undefined) continue;
        if (name in element && !name.includes("-")) element[name] = value;
        else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
}

/** Sets text only when it differs, so that nothing is laid out or read aloud for nothing. */
export function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
}

export function setHidden(element, hidden) {
    if (element.hidden !== hidden) element.hidden = hidden;
}

/** Says a sentence to screen readers. */
export function announce(text) {
    byId("announcer").textContent = text;
}
