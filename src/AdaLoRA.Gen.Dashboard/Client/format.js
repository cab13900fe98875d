// Numbers, times and bytes as people read them.

/** The wire writes numbers that are not finite as strings. */
export function number(value) {
    return typeof value === "string" ? Number(value) : value ?? NaN;
}

/** A number in about four digits; on an axis without zeros that say nothing. */
export function short(value, onAxis = false) {
    if (value === null || value === undefined) return "–";
    if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
    const size = Math.abs(value);
    if (size === 0) return "0";
    if (size >= 1e6 || size < (onAxis ? 1e-4 : 1e-3)) return onAxis ? Number(value.toPrecision(6)).toExponential() : value.toExponential(2);
    if (Number.isInteger(value)) return count(value);
    return onAxis ? String(Number(value.toPrecision(6))) : value.toPrecision(4);
}

/** A text that is put beside others: one that turns the direction of writing must not turn theirs. */
export function isolated(text) {
    return /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(text) ? `\u2068${text}\u2069` : String(text);
}

/** A whole number with thin spaces between thousands. */
export function count(value) {
    return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

export function bytes(value, onAxis = false) {
    if (!Number.isFinite(value)) return "–";
    // Rounded before the unit is chosen: 999.9 MB are 1.00 GB.
    const rounded = Number(value.toPrecision(onAxis ? 5 : 3));
    for (const [unit, size] of [["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
        if (rounded >= size) return `${onAxis || rounded >= 1000 * size ? Number((rounded / size).toPrecision(5)) : (rounded / size).toPrecision(3)} ${unit}`;
    }
    return `${rounded} B`;
}

export function duration(seconds) {
    if (!Number.isFinite(seconds) || seconds < 0) return "–";
    if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
    const s = Math.round(seconds);
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
    if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
    return `${Math.floor(s / 86400)} d ${Math.floor(s % 86400 / 3600)} h`;
}

/** A moment: the time of day, with the date when it is not today. */
export function moment(iso) {
    const date = new Date(iso);
    if (Number.isNaN(date.getTime())) return "";
    const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
    if (date.toDateString() === new Date().toDateString()) return time;
    const two = value => String(value).padStart(2, "0");
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
}
