/* The list of keys: "?" or its button opens it, Escape or its button closes it. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const dialog = () => document.getElementById("keys");
    const types = (node) => node.matches("input:not([type=checkbox]), select, textarea");

    document.addEventListener("keydown", function (event) {
        if (event.key === "?" && !types(event.target) && dialog() && !dialog().open) {
            event.preventDefault();
            dialog().showModal();
        }
    }, true);

    vas.onClick("#keys-open", () => dialog().showModal());
    vas.onClick("#keys-close", () => dialog().close());
})();
