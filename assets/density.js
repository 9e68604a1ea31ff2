/* How much room the cells of the grid take, and the mark of the column under pointer or focus. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const KEPT = "vas-density";
    const MANY_MODELS = 9;
    let models = 0;

    /** What was chosen in this browser; null: by the number of models. */
    function chosen() {
        try {
            return window.localStorage.getItem(KEPT);
        } catch (error) {
            return null;
        }
    }

    function isCompact() {
        const kept = chosen();
        return kept === null ? models >= MANY_MODELS : kept === "compact";
    }

    function show() {
        const compact = isCompact();
        ["grid-frame", "overview-frame"].forEach(function (id) {
            document.getElementById(id).dataset.density = compact ? "compact" : "comfortable";
        });
        document.getElementById("density").setAttribute("aria-pressed", String(compact));
    }

    vas.density = {
        /** The grid shows so many models. */
        fit: function (number) {
            models = number;
            show();
        },
    };

    // A style sheet of its own: cells that are drawn anew keep the mark.
    const sheet = new CSSStyleSheet();
    document.adoptedStyleSheets.push(sheet);
    let marked = "";

    function mark(event) {
        const cell = event.target.closest && event.target.closest(".vd-grid td, .vd-grid th");
        const column = cell ? CSS.escape(cell.dataset.column) : "";
        if (column !== marked) {
            marked = column;
            const cells = `.vd-grid [data-column="${column}"]`;
            sheet.replaceSync(column ? `${cells} { background-image: var(--vd-mark) !important; }` : "");
        }
    }

    document.addEventListener("mouseover", mark);
    document.addEventListener("focusin", mark);
    vas.onClick("#density", function () {
        try {
            window.localStorage.setItem(KEPT, isCompact() ? "comfortable" : "compact");
        } catch (error) {
            // Without a store the choice holds by the number of models.
        }
        show();
    });
})();
