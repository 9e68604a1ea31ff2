/* The views of the page: the path of the address says which one is shown. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const VIEWS = {
        overview: "view-grid",
        grid: "view-grid",
        review: "view-review",
        history: "view-history",
        files: "view-files",
    };
    const TITLE = "AI models";

    /** The path of the page's own root. */
    function root() {
        return document.getElementById("nav-grid").pathname;
    }

    /** The path below the root, as steps: ["history", "118"]; [] is the grid. */
    function steps() {
        const path = window.location.pathname;
        return path.startsWith(root()) ? path.slice(root().length).split("/").filter(Boolean) : [];
    }

    vas.views = { root: root, steps: steps };

    vas.provide("vas_views", {
        /** The address changed: show its view, and mark its link. */
        show: function () {
            const name = Object.hasOwn(VIEWS, steps()[0]) ? steps()[0] : "grid";
            new Set(Object.values(VIEWS)).forEach(function (id) {
                document.getElementById(id).hidden = id !== VIEWS[name];
            });
            document.getElementById("view-grid").dataset.view = name;
            if (name !== "grid") {
                vas.panel.close();
            }
            document.querySelectorAll(".vd-nav-link").forEach(function (link) {
                const mine = link.pathname.endsWith("/" + (name === "grid" ? "" : name));
                if (mine) {
                    link.setAttribute("aria-current", "page");
                } else {
                    link.removeAttribute("aria-current");
                }
            });
            document.title = name === "grid" ? TITLE : TITLE + ": " + name;
        },
    });
})();
