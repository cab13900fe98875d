// Loaded before the page is painted, so that a chosen theme does not flash. Without a choice the system's is taken.
(() => {
    const key = "adalora.theme";
    const root = document.documentElement;
    const system = matchMedia("(prefers-color-scheme: dark)");
    const shown = () => root.dataset.theme ?? (system.matches ? "dark" : "light");

    function tell() {
        const button = document.getElementById("theme");
        if (button) {
            button.textContent = shown() === "dark" ? "Light" : "Dark";
            button.setAttribute("aria-label", `Switch to the ${shown() === "dark" ? "light" : "dark"} theme`);
        }
        dispatchEvent(new Event("themechange"));
    }

    // Storage may be switched off; then the choice lasts as long as the page.
    function stored(value) {
        try {
            if (value === undefined) return localStorage.getItem(key);
            localStorage.setItem(key, value);
        } catch { /* as said */ }
        return null;
    }

    const chosen = stored();
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
    system.addEventListener("change", tell);
    addEventListener("DOMContentLoaded", () => {
        tell();
        document.getElementById("theme").addEventListener("click", () => {
            root.dataset.theme = shown() === "dark" ? "light" : "dark";
            stored(root.dataset.theme);
            tell();
        });
    });

    // Paper is light.
    let before;
    addEventListener("beforeprint", () => {
        before = root.dataset.theme;
        root.dataset.theme = "light";
        tell();
    });
    addEventListener("afterprint", () => {
        if (before) root.dataset.theme = before;
        else delete root.dataset.theme;
        tell();
    });
})();
