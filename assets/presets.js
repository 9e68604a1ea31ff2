/* Presets in the side panel: what is asked for there, and a name that is being typed. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const section = () => document.getElementById("panel-presets");
    const box = () => document.getElementById("presets-name");
    const NONE = "none";
    let shown = "";
    let last = null;
    let told = "";
    let typed = false;
    let numbers = 0;
    let stays = () => false;

    function ask(what, fields) {
        vas.set("presets-do", {
            data: { do: what, draft: vas.drafts.ref(), n: ++numbers, ...fields },
        });
    }

    vas.presets = {
        /** Whether a name was typed that is not kept yet; says so, and puts the keyboard there. */
        unsaved: function () {
            if (!typed || !box() || !box().value.trim()) {
                return false;
            }
            vas.set("presets-message", {
                children: "This name is not kept yet. Keep it, or cancel, first.",
            });
            box().focus();
            return true;
        },
    };

    /** Something was opened, saved or filled in: what can be done with it. */
    function opened(data) {
        const what = data ? [data.kind, data.camera, data.model].join("\n") : "";
        typed = typed && what === shown;
        shown = what;
        if (data && data.kind !== "camera" && !typed) {
            ask("open", {});
        }
    }

    /** Something was done, or a form was drawn: the keyboard goes where it goes on. */
    function done(answer) {
        if (answer.kept || ["name", "rename", "close"].includes(answer.do)) {
            typed = false;
        }
        if (["open", "fill"].includes(answer.do)) {
            return;
        }
        window.requestAnimationFrame(function () {
            if (stays()) {
                const next = box() || section().querySelector("#presets-message button, button");
                (next || document.getElementById("panel-title")).focus();
            }
        });
    }

    vas.provide("vas_presets", {
        changed: function (data, answer) {
            if (data !== last) {
                last = data;
                opened(data);
            }
            if (answer && answer.n !== told) {
                told = answer.n;
                done(answer);
            }
        },
    });

    vas.onClick("#panel [data-preset]", function (button) {
        const { preset, number, version, values } = button.dataset;
        stays = vas.place();
        ask(preset, {
            preset: Number(number || 0),
            version: Number(version || 0),
            name: box() ? box().value : "",
            values: values || "",
        });
    });

    document.addEventListener("change", function (event) {
        if (event.target.id === "presets-fill" && event.target.value !== NONE) {
            ask("fill", { preset: Number(event.target.value) });
            vas.set("presets-fill", { value: NONE });
        }
    });

    document.addEventListener("input", function (event) {
        typed = typed || event.target.id === "presets-name";
    });

    document.addEventListener("keydown", function (event) {
        if (event.key === "Enter" && event.target.id === "presets-name") {
            section().querySelector(".btn-primary").click();
        }
    });
})();
