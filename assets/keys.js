/* The list of keys: "?" or its button opens it, Escape or its button closes it. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const dialog = () => document.getElementById("keys");
    const types = (node) => node.matches("input:not([type=checkbox]), select, textarea");

    function open() {
        if (!dialog().firstChild) {
            vas.set("keys", { children: vas.props("view-parts").data.keys });
        }
        window.requestAnimationFrame(() => dialog().showModal());
    }

    document.addEventListener("keydown", function (event) {
        if (event.key === "?" && !types(event.target) && dialog() && !dialog().open) {
            event.preventDefault();
            open();
        }
    }, true);

    vas.onClick("#keys-open", open);
    vas.onClick("#keys-close", () => dialog().close());
})();
