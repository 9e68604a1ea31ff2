/* A DataTable under the keyboard and the pointer: the one script that knows its markup. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const FAR = 1e6;
    const within = (number, length) => Math.min(Math.max(0, number), length - 1);
    const shows = (node) => node.getClientRects().length > 0;

    /** The DataTable with this id, which stands in the frame `ID-frame`; it may be drawn later. */
    vas.table = function (id) {
        const frame = () => document.getElementById(id + "-frame");
        const element = () => document.querySelector(`#${id} table.cell-table`);
        const rows = () => Array.from(element() ? element().querySelectorAll("tr") : []);
        const cells = (row) => Array.from(row ? row.querySelectorAll("th, td") : []);
        const shownCells = (row) => cells(row).filter(shows);
        const cellAt = (target) =>
            (target && target.closest && target.closest(`#${id} th, #${id} td`)) || null;
        let watched = null;

        /** The cell so many rows and columns away, as far as there are any. */
        function beside(node, down, right) {
            const all = rows();
            const row = shownCells(all[within(all.indexOf(node.parentElement) + down, all.length)]);
            return row[within(shownCells(node.parentElement).indexOf(node) + right, row.length)];
        }

        function screenful() {
            const row = rows()[1];
            const height = row ? row.getBoundingClientRect().height : 0;
            return Math.max(1, height ? Math.floor(frame().clientHeight / height) - 2 : 10);
        }

        return {
            frame,
            element,
            rows,
            cells,
            cellAt,
            shows,

            /** The number of a cell's row among the data; null: the heading. */
            rowOf: (node) => (node.dataset.dashRow === undefined ? null : Number(node.dataset.dashRow)),

            columnOf: (node) => node.dataset.dashColumn,

            /** The cell in a row of the data (null: the heading) and a column, where it is there. */
            find: function (row, column) {
                const all = cells(rows()[row === null ? 0 : row + 1]);
                return all.find((node) => node.dataset.dashColumn === column) || null;
            },

            /** Where the keyboard comes in when it was nowhere yet. */
            first: () => shownCells(rows()[1] || rows()[0])[0] || null,

            /** The one cell that Tab reaches. */
            stop: () => frame().querySelector("[tabindex='0']"),

            setStop: function (stop) {
                frame().querySelectorAll("[tabindex='0']").forEach(function (node) {
                    if (node !== stop) {
                        node.tabIndex = -1;
                    }
                });
                stop.tabIndex = 0;
            },

            /** What the keys that move lead to from a cell; `go` is given the cell beside it. */
            moves: function (node, event, go) {
                const ends = event.ctrlKey || event.metaKey;
                const by = (down, right) => () => go(beside(node, down, right));
                return {
                    ArrowUp: by(-1, 0),
                    ArrowDown: by(1, 0),
                    ArrowLeft: by(0, -1),
                    ArrowRight: by(0, 1),
                    Home: by(ends ? -FAR : 0, -FAR),
                    End: by(ends ? FAR : 0, FAR),
                    PageUp: () => go(beside(node, -screenful(), 0)),
                    PageDown: () => go(beside(node, screenful(), 0)),
                };
            },

            /** Keys, clicks and presses on a cell are `handlers`' alone: DataTable would select cells. */
            on: function (handlers) {
                ["keydown", "click", "mousedown"].forEach(function (kind) {
                    document.addEventListener(kind, function (event) {
                        const node = cellAt(event.target);
                        if (node) {
                            event.stopPropagation();
                            (handlers[kind] || (() => {}))(node, event);
                        }
                    }, true);
                });
            },

            /** Have `decorate` called whenever something was drawn anew; called after each drawing. */
            watch: function (decorate) {
                if (watched !== frame()) {
                    watched = frame();
                    new MutationObserver(decorate).observe(watched, {
                        childList: true, subtree: true, characterData: true,
                    });
                }
                decorate();
            },
        };
    };
})();
