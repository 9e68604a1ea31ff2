"""Imports go one way. The table below is the whole rule; docs/architecture.md tells it in words."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What a part of the project may import of the project, itself always included.
MAY_IMPORT: Mapping[str, set[str]] = {
    "app": {"vas_dash", "vas_dash.errors", "vas_dash.web"},
    "vas_dash": {"vas_dash.config", "vas_dash.domain", "vas_dash.server"},
    "vas_dash.server": {
        "vas_dash.auth",
        "vas_dash.config",
        "vas_dash.dash_app",
        "vas_dash.domain",
        "vas_dash.embedded",
        "vas_dash.errors",
        "vas_dash.web",
        "vas_dash.wiring",
    },
    "vas_dash.dash_app": {
        "vas_dash.auth",
        "vas_dash.config",
        "vas_dash.errors",
        "vas_dash.jobs",
        "vas_dash.journal",
        "vas_dash.pages",
        "vas_dash.web",
        "vas_dash.wiring",
    },
    "vas_dash.wiring": {
        "vas_dash.backend",
        "vas_dash.changes",
        "vas_dash.config",
        "vas_dash.domain",
        "vas_dash.errors",
        "vas_dash.fleet",
        "vas_dash.journal",
    },
    "vas_dash.pages": {
        "vas_dash.changes",
        "vas_dash.config",
        "vas_dash.domain",
        "vas_dash.errors",
        "vas_dash.files",
        "vas_dash.fleet",
        "vas_dash.jobs",
        "vas_dash.schema",
    },
    "vas_dash.__main__": {"vas_dash.cli"},
    "vas_dash.cli": {
        "vas_dash.auth",
        "vas_dash.backend",
        "vas_dash.changes",
        "vas_dash.config",
        "vas_dash.domain",
        "vas_dash.embedded",
        "vas_dash.errors",
        "vas_dash.files",
        "vas_dash.fleet",
        "vas_dash.jobs",
        "vas_dash.journal",
        "vas_dash.wiring",
    },
    "vas_dash.files": {
        "vas_dash.changes",
        "vas_dash.domain",
        "vas_dash.errors",
        "vas_dash.fleet",
    },
    "vas_dash.jobs": {
        "vas_dash.changes",
        "vas_dash.config",
        "vas_dash.database",
        "vas_dash.domain",
        "vas_dash.errors",
        "vas_dash.journal",
        "vas_dash.web",
        "vas_dash.wiring",
    },
    "vas_dash.changes": {
        "vas_dash.backend",
        "vas_dash.domain",
        "vas_dash.errors",
        "vas_dash.fleet",
        "vas_dash.journal",
        "vas_dash.schema",
    },
    "vas_dash.fleet": {"vas_dash.backend", "vas_dash.domain", "vas_dash.errors"},
    "vas_dash.journal": {"vas_dash.database", "vas_dash.domain", "vas_dash.errors"},
    "vas_dash.backend": {"vas_dash.domain", "vas_dash.errors"},
    "vas_dash.schema": {"vas_dash.domain", "vas_dash.errors"},
    "vas_dash.embedded": {"vas_dash.config", "vas_dash.database", "vas_dash.errors"},
    "vas_dash.auth": {"vas_dash.config", "vas_dash.domain", "vas_dash.errors"},
    "vas_dash.web": {"vas_dash.errors"},
    "vas_dash.database": {"vas_dash.errors"},
    "vas_dash.config": {"vas_dash.config_checks", "vas_dash.errors"},
    "vas_dash.config_checks": set(),
    "vas_dash.domain": set(),
    "vas_dash.errors": set(),
    "kernel": set(),
}

# Whole names of other people's packages that stay out of a part.
NEVER: Mapping[str, set[str]] = {
    "vas_dash.pages": {"requests", "sqlalchemy"},
    "vas_dash.cli": {"dash", "flask", "requests", "sqlalchemy"},
    "vas_dash.files": {"dash", "flask", "requests", "sqlalchemy"},
    "vas_dash.jobs": {"flask", "requests", "sqlalchemy"},
    "vas_dash.changes": {"dash", "flask", "requests", "sqlalchemy"},
    "vas_dash.fleet": {"dash", "flask", "requests", "sqlalchemy"},
    "vas_dash.journal": {"dash", "flask", "requests"},
    "vas_dash.backend": {"dash", "flask", "sqlalchemy"},
    "vas_dash.schema": {"dash", "flask", "requests", "sqlalchemy"},
    "vas_dash.embedded": {"dash", "requests"},
    "vas_dash.auth": {"dash", "requests", "sqlalchemy"},
    "vas_dash.web": {"dash", "requests", "sqlalchemy"},
    "vas_dash.config": {"dash", "flask", "requests"},
    "kernel": {"dash", "flask", "requests", "pydantic", "sqlalchemy"},
}

STANDARD_ONLY = {"vas_dash.domain", "vas_dash.errors"}
STANDARD_AND_NUMPY = {"kernel"}


def modules() -> dict[str, Path]:
    """Every module of the product, by its name. Examples are programs of other people's."""
    found = {"app": ROOT / "app.py"}
    for package in ("vas_dash", "kernel"):
        for path in sorted((ROOT / package).rglob("*.py")):
            steps = path.relative_to(ROOT).with_suffix("").parts
            if "examples" in steps:
                continue
            found[".".join(steps[:-1] if steps[-1] == "__init__" else steps)] = path
    return found


MODULES = modules()


def part(module: str) -> str:
    """The part that a module belongs to: the longest name of the table that it begins with."""
    steps = module.split(".")
    for length in range(len(steps), 0, -1):
        name = ".".join(steps[:length])
        if name in MAY_IMPORT and (name != "vas_dash" or module == "vas_dash"):
            return name
    raise AssertionError(f"{module} belongs to no part: give it a place in the table")


def loaded(tree: ast.AST) -> Iterator[ast.AST]:
    """What runs when a module is loaded: nothing in functions, nothing for the type checker."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from loaded(node)


def imported(module: str, path: Path, *, at_load: bool = False) -> Iterator[tuple[int, str]]:
    """What a module imports, wherever in it or only when it is loaded: line and whole name."""
    is_package = path.name == "__init__.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in loaded(tree) if at_load else ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                own = module.split(".")
                above = own[: len(own) - node.level + is_package]
                base = ".".join([*above, base] if base else above)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield node.lineno, inner if inner in MODULES else base


def ours(name: str) -> bool:
    return name.split(".")[0] in ("app", "vas_dash", "kernel", "tests", "bench")


def test_every_module_has_its_place_in_the_table() -> None:
    assert {part(module) for module in MODULES} == set(MAY_IMPORT)


def test_imports_go_one_way() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {part(module)} must not import {name}"
        for module, path in MODULES.items()
        for line, name in imported(module, path)
        if ours(name)
        and (name not in MODULES or part(name) not in MAY_IMPORT[part(module)] | {part(module)})
    ]
    assert not wrong, "\n".join(wrong)


def test_no_part_reaches_for_what_another_one_is_there_for() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {part(module)} must not import {name}"
        for module, path in MODULES.items()
        for line, name in imported(module, path)
        if name.split(".")[0] in NEVER.get(part(module), set())
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("parts", "more"), [(STANDARD_ONLY, set()), (STANDARD_AND_NUMPY, {"numpy"})]
)
def test_the_domain_and_the_kernel_stand_on_the_standard_library(
    parts: set[str], more: set[str]
) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for module, path in MODULES.items()
        if part(module) in parts
        for line, name in imported(module, path, at_load=True)
        if not ours(name) and name.split(".")[0] not in sys.stdlib_module_names | more
    ]
    assert not wrong, "\n".join(wrong)


CALLBACKS = {
    "callbacks",
    "actions",
    "context",
    "arguments",
    "browser",
    "handle",
    "running",
    "saving",
    "request",
    "poll",
    "download",
}


def role(module: str) -> str:
    """What a module of a page is: `view`, `callbacks`, or plain data (a model of some kind)."""
    name = module.rpartition(".")[2]
    if name in ("view", "layout", "parts", "ids", "keys"):
        return "view"
    if name in CALLBACKS:
        return "callbacks"
    return "model"


def test_within_a_page_callbacks_use_views_and_views_use_models() -> None:
    may = {
        "callbacks": {"callbacks", "view", "model"},
        "view": {"view", "model"},
        "model": {"model"},
    }
    outside = {
        "view": {"flask", "requests"},
        "model": {"dash", "flask", "dash_bootstrap_components"},
    }
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: a {role(module)} must not import {name}"
        for module, path in MODULES.items()
        if part(module) == "vas_dash.pages"
        for line, name in imported(module, path)
        if name.split(".")[0] in outside.get(role(module), set())
        or (name.startswith("vas_dash.pages.") and role(name) not in may[role(module)])
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_server_and_the_command_line_reach_the_embedded_vas() -> None:
    users = {
        part(module)
        for module, path in MODULES.items()
        for _, name in imported(module, path)
        if name.startswith("vas_dash.embedded")
    }
    assert users == {"vas_dash.server", "vas_dash.cli", "vas_dash.embedded"}


def test_only_one_module_knows_the_data_table() -> None:
    users = {
        module
        for module, path in MODULES.items()
        if any(
            isinstance(node, ast.alias | ast.Attribute | ast.Name)
            and {"dash_table", "DataTable"}
            & {getattr(node, name, "") for name in ("name", "attr", "id")}
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    }
    assert users == {"vas_dash.pages.grid.view"}


def test_there_are_no_circles() -> None:
    graph = {
        module: {
            name
            for _, name in imported(module, path, at_load=True)
            if name in MODULES and name != module
        }
        for module, path in MODULES.items()
    }
    done: set[str] = set()

    def walk(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join([*above[above.index(module) :], module])
        if module not in done:
            for name in sorted(graph[module]):
                walk(name, (*above, module))
            done.add(module)

    for module in graph:
        walk(module, ())


def loaded_by(statement: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after `statement`."""
    script = f"{statement}; import json, sys; print(json.dumps(list(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in json.loads(answer.stdout)}


def test_the_kernel_loads_nothing_of_the_web() -> None:
    web = {"dash", "flask", "requests", "pydantic", "werkzeug", "sqlalchemy", "gunicorn"}
    kernel = sorted(name for name in MODULES if name.startswith("kernel"))
    assert not loaded_by(f"import {', '.join(kernel)}") & (web | {"vas_dash"})


def test_the_domain_loads_nothing_but_the_standard_library() -> None:
    # The package's own __init__ shows the whole product; the domain is looked at without it.
    loaded = loaded_by(
        "import sys, types; package = types.ModuleType('vas_dash'); "
        "package.__path__ = ['vas_dash']; sys.modules['vas_dash'] = package; "
        "import vas_dash.domain.fleet, vas_dash.domain.changes"
    )
    loaded -= loaded_by("pass") | sys.stdlib_module_names
    assert loaded == {"vas_dash"}


def test_the_page_loads_nothing_of_the_kernel() -> None:
    assert "kernel" not in loaded_by("import vas_dash.server")
