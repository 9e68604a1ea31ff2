/* Lists of rows, and values with several forms. A button changes which rows there are, in the control
   that holds their keys, and the server draws the form for it. What is typed until it has, and the
   place of the keyboard, stay. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    // By form: what is to be done when it has been drawn.
    const waiting = { panel: null, bulk: null };
    let numbers = 0;

    const formOf = (node) => (node.closest("#bulk") ? "bulk" : "panel");

    /**
     * Have the form around `node` drawn again; `focus` finds where the keyboard then stands, and
     * `back` takes back what was chosen, where no answer comes.
     */
    function draw(node, focus, back) {
        const form = formOf(node);
        const earlier = waiting[form] ? waiting[form].backs : [];
        waiting[form] = { focus, stays: vas.place(), typed: new Map(), backs: [back, ...earlier] };
        if (form === "bulk") {
            vas.selection.reshape();
        } else {
            vas.set("panel-reshape", { data: ++numbers });
        }
    }

    const CONTROLS = "input:not([type=hidden]), select, textarea, button:not(:disabled)";

    /** What to do with a row: its new list of keys, and where the keyboard goes. */
    function changed(keys, what, key) {
        const at = keys.indexOf(key);
        if (what === "add") {
            const next = String(Math.max(key, ...keys.map((one) => Number(one) + 1)));
            return { keys: [...keys, next], row: next, button: null };
        }
        const others = keys.filter((one) => one !== key);
        if (what === "remove") {
            const row = others[at] === undefined ? others[at - 1] : others[at];
            return { keys: others, row: row, button: "remove" };
        }
        others.splice(Math.max(0, at + (what === "up" ? -1 : 1)), 0, key);
        return { keys: others, row: key, button: what };
    }

    function act(button) {
        const list = button.closest("[data-rows]");
        const control = list.dataset.rows;
        const text = vas.props(JSON.parse(control)).value;
        const keys = /^[0-9,]+$/.test(text) ? text.split(",") : [];
        const after = changed(keys, button.dataset.rowdo, button.dataset.key);
        const put = (value) => vas.set(JSON.parse(control), { value: value });
        put(after.keys.join(",") || list.dataset.none);
        // To the panel this is input like any other.
        list.dispatchEvent(new Event("change", { bubbles: true }));
        draw(list, function () {
            const again = document.querySelector(`[data-rows=${JSON.stringify(control)}]`);
            const mine = (selector) =>
                Array.from(again ? again.querySelectorAll(selector) : []).find(
                    (node) => node.closest("[data-rows]") === again,
                );
            const row = mine(`[data-row="${after.row}"]`);
            if (!row) {
                return mine('[data-rowdo="add"]');
            }
            const same = mine(`[data-rowdo="${after.button}"][data-key="${after.row}"]`);
            return same && !same.disabled ? same : row.querySelector(CONTROLS);
        }, () => put(text));
    }

    /** A form was drawn. */
    function drawn(form) {
        const waited = waiting[form];
        waiting[form] = null;
        if (!waited) {
            return;
        }
        waited.typed.forEach(function (value, id) {
            if (document.getElementById(id)) {
                vas.set(JSON.parse(id), { value: value });
            }
        });
        window.requestAnimationFrame(function () {
            const node = waited.stays() && waited.focus();
            if (node) {
                node.focus();
            }
        });
    }

    vas.form = {
        /** A form will not be drawn: its controls say again what is shown. */
        unanswered: function (form) {
            const waited = waiting[form];
            if (waited && vas.due(form + "-form")) {
                waiting[form] = null;
                waited.backs.forEach((back) => back());
            }
        },
    };

    vas.provide("vas_form", { panel: () => drawn("panel"), bulk: () => drawn("bulk") });

    vas.onClick("[data-rowdo]", (button) => act(button));

    document.addEventListener("change", function (event) {
        if (event.target.matches("[data-forms] select")) {
            const { id, parentElement } = event.target;
            const before = parentElement.closest("[data-forms]").dataset.forms;
            draw(
                event.target,
                () => document.getElementById(id),
                () => vas.set(JSON.parse(id), { value: before }),
            );
        }
    });

    document.addEventListener("input", function (event) {
        const field = event.target.closest('[id^="{"]');
        const waited = field && waiting[formOf(field)];
        if (waited) {
            const typed = waited.typed;
            // Dash takes it over after this event.
            window.setTimeout(() => typed.set(field.id, vas.props(JSON.parse(field.id)).value));
        }
    });
})();
