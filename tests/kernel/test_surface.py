"""What `import kernel` gives."""

from __future__ import annotations

import subprocess
import sys

import pytest

import kernel


def test_every_name_is_there_whatever_was_imported_before() -> None:
    program = "\n".join(
        [
            "import kernel, pkgutil, importlib",
            "for module in pkgutil.iter_modules(kernel.__path__):",
            "    if module.name != '__main__':",
            "        importlib.import_module(f'kernel.{module.name}')",
            "for name in kernel.__all__:",
            "    value = getattr(kernel, name)",
            "    assert type(value).__name__ != 'module', name",
            "    assert name in dir(kernel)",
        ]
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = kernel.no_such_name


def test_all_errors_are_of_one_tree() -> None:
    errors = [getattr(kernel, name) for name in kernel.__all__ if name.endswith("Error")]
    assert len(errors) == 12
    assert all(issubclass(error, kernel.KernelError) for error in errors)
