"""Takes the code to measure out of a notebook, so that no second copy of it can go its own way."""

import ast
import runpy
import symtable
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from helpers import unknown

import nbformat


def notebook_code(notebook: Path, script: Path, *names: str, **parameters: Any) -> SimpleNamespace:
    """What `notebook` defines as `names`, with all that they need, run with these `parameters`.

    Only the statements that lead to `names` are run, so figures and long computations are not.
    They are first written to the file `script`, as TensorFlow wants to read what it compiles.
    What a call changes in place, as in `table.drop(..., inplace=True)`, isn't seen: left out.

    Raises `CookbookError` if the notebook defines no such name; and what its statements raise.
    """
    statements = [
        statement
        for cell in nbformat.read(notebook, as_version=4).cells
        if cell.cell_type == "code"
        for statement in ast.parse(cell.source).body
    ]
    defined = set().union(*map(_bound, statements))
    for name in (*names, *parameters):
        if name not in defined:
            raise unknown(f"name in {notebook.name}", name, defined)

    needed = set(names)
    kept = []
    for statement in reversed(statements):
        if needed & _bound(statement) - set(parameters):
            needed |= _read(statement)
            kept.append(statement)
    script.write_text("\n".join(map(ast.unparse, reversed(kept))), encoding="utf-8")
    return SimpleNamespace(**runpy.run_path(str(script), init_globals=parameters))


def _bound(statement: ast.stmt) -> set[str]:
    """Names that a statement gives a value, as in `a = 1`, or changes, as in `a["b"] = 1`."""
    symbols = _table(statement).get_symbols()
    bound = {symbol.get_name() for symbol in symbols if symbol.is_assigned()}
    imported = {symbol.get_name() for symbol in symbols if symbol.is_imported()}
    changed = {
        node.value.id
        for node in ast.walk(statement)
        if isinstance(node, (ast.Subscript, ast.Attribute))
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
    }
    return bound | imported | changed


def _read(statement: ast.stmt) -> set[str]:
    """Names from outside that a statement reads, in the functions that it defines too."""
    return {
        symbol.get_name()
        for table in _tables(_table(statement))
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module")
    }


def _table(statement: ast.stmt) -> symtable.SymbolTable:
    return symtable.symtable(ast.unparse(statement), "cell", "exec")


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)
