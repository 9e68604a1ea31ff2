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
    // What is made when it is first opened, in the order of the callback's outputs.
    const LATER = ["view-review", "view-history", "view-files", "overview-frame"];
    const made = new Set();

    /** The path of the page's own root. */
    function root() {
        return document.getElementById("nav-grid").pathname;
    }

    /** A path below the root, as steps: ["history", "118"]; [] is the grid. */
    function below(path) {
        return path.startsWith(root()) ? path.slice(root().length).split("/").filter(Boolean) : [];
    }

    const steps = () => below(window.location.pathname);

    /** Whether it is the view of the address, and made. */
    function shows(name) {
        return steps()[0] === name && below(vas.props("view").data || "")[0] === name;
    }

    vas.views = { root: root, steps: steps, shows: shows };

    vas.provide("vas_views", {
        /** The address changed: make its view where it is opened first, show it, mark its link. */
        show: function (path, parts) {
            const name = Object.hasOwn(VIEWS, steps()[0]) ? steps()[0] : "grid";
            new Set(Object.values(VIEWS)).forEach(function (id) {
                document.getElementById(id).hidden = id !== VIEWS[name];
            });
            document.getElementById("view-grid").dataset.view = name;
            if (name === "grid") {
                vas.grid.opened();
            } else {
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
            const opened = name === "overview" ? "overview-frame" : VIEWS[name];
            const nothing = window.dash_clientside.no_update;
            const make = (id) => (id === opened && !made.has(id) ? parts[id] : nothing);
            const contents = LATER.map(make);
            made.add(opened);
            return [...contents, path];
        },
    });
})();
