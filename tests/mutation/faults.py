"""One-line faults that can be planted in a module: each is a change of one place in its text.

The kinds are those that reviews and bug reports brought out: a boundary off by one, a scope forgotten in a statement,
a unit off by a thousand, a guard that is gone. Code is changed by its syntax tree, SQL inside of texts by its words.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.mutation.sql import sql_changes


class Fault(NamedTuple):
    """A change of the text from `start` to `end` (character offsets). `line` is counted from 1."""

    path: str
    line: int
    kind: str
    start: int
    end: int
    new: str
    what: str
    """The change in words: what stood there, and what stands there now."""

    @property
    def key(self) -> str:
        """How the list of harmless faults names it: independent of the line, so that it survives edits elsewhere."""
        return f"{self.path}: {self.what}"

    def planted(self, text: str) -> str:
        """The module with the fault in it."""
        return text[: self.start] + self.new + text[self.end :]


COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "//",
    ast.FloorDiv: "*",
    ast.Div: "*",
}
TWINS = {"min": "max", "max": "min", "any": "all", "all": "any"}
UNITS = frozenset({1000, 60, 3600, 86400})
HARMLESS_CALLS = frozenset({"append_note", "debug", "info", "warning", "gc"})
"""Calls that only tell somebody something in words."""


def faults(path: str, text: str) -> list[Fault]:
    """All faults that can be planted in a module, by place."""
    finder = _Finder(path, text)
    finder.visit(ast.parse(text))
    finder.found += _in_texts(path, text, finder)
    unique = {(f.start, f.end, f.new): f for f in finder.found}
    return sorted(unique.values(), key=lambda fault: (fault.start, fault.end, fault.new))


class _Finder(ast.NodeVisitor):
    """Walks a module; type annotations, docstrings and __all__ are left alone."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.found: list[Fault] = []
        lines = text.splitlines(keepends=True)
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line))
        self._lines = lines
        self.docstrings: set[int] = set()

    # --- places ---

    def offset(self, line: int, column: int) -> int:
        """The character offset of a place; `column` counts bytes, as ast does."""
        head = self._lines[line - 1].encode()[:column].decode()
        return self._starts[line - 1] + len(head)

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Where a node stands."""
        assert isinstance(node, ast.expr | ast.stmt | ast.keyword)
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def source(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def add(self, kind: str, start: int, end: int, new: str, *, around: ast.AST | None = None) -> None:
        """A fault; its words show the piece of `around` before and after."""
        whole = self.span(around) if around is not None else self._line_of(start, end)
        before = self.text[whole[0] : whole[1]]
        after = self.text[whole[0] : start] + new + self.text[end : whole[1]]
        line = self.text.count("\n", 0, start) + 1
        self.found.append(Fault(self.path, line, kind, start, end, new, f"{short(before)} -> {short(after)}"))

    def _line_of(self, start: int, end: int) -> tuple[int, int]:
        """The whole lines around a piece."""
        last = self.text.find("\n", end)
        return self.text.rfind("\n", 0, start) + 1, last if last >= 0 else len(self.text)

    # --- what is not changed ---

    def visit_Module(self, node: ast.Module) -> None:
        self._body(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._body(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if "__all__" not in names:
            self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        self._guard(node)
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        """What an error says is no arithmetic."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Words for people; what of them is SQL is looked at as text."""

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.visit(default)
        self._body(node)

    def _body(self, node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for statement in node.body:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                self.docstrings.add(statement.lineno)
                continue
            self.visit(statement)

    # --- the kinds ---

    def visit_Compare(self, node: ast.Compare) -> None:
        left: ast.expr = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            new = COMPARISONS[type(operator)]
            start, end = self.span(left)[1], self.span(right)[0]
            between = self.text[start:end]
            if "(" not in between and ")" not in between and "\n" not in between:
                self.add("comparison", start, end, f" {new} ", around=node)
            left = right
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            start, end = self.span(left)[1], self.span(right)[0]
            between = self.text[start:end]
            if between.split() == [old]:
                self.add("and/or", start, end, between.replace(old, new), around=node)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            start, _ = self.span(node)
            self.add("not", start, self.span(node.operand)[0], "", around=node)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        new = ARITHMETIC.get(type(node.op))
        texts = any(
            isinstance(one, ast.Constant | ast.JoinedStr | ast.List | ast.Tuple) and not _number(one)
            for one in (node.left, node.right)
        )
        if new is not None and not texts:
            start, end = self.span(node.left)[1], self.span(node.right)[0]
            if "(" not in self.text[start:end] and ")" not in self.text[start:end]:
                self.add("arithmetic", start, end, f" {new} ", around=node)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        start, end = self.span(node)
        value = node.value
        if isinstance(value, bool):
            self.add("constant", start, end, str(not value))
        elif isinstance(value, int) and value in UNITS:
            self.add("unit", start, end, "1")
        elif isinstance(value, int):
            self.add("constant", start, end, str(value + 1))
        elif isinstance(value, float):
            self.add("unit", start, end, repr(value * 1000))

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in TWINS:
            start, end = self.span(node.func)
            self.add("twin", start, end, TWINS[node.func.id], around=node)
        self._swapped(node)
        for keyword in node.keywords:
            if keyword.arg in ("deadline", "timeout", "limit", "default") and len(node.args) + len(node.keywords) > 1:
                self._without(node, keyword)
        self.generic_visit(node)

    def _swapped(self, node: ast.Call) -> None:
        """Two plain names beside each other, of which a typist takes one for the other."""
        for left, right in zip(node.args, node.args[1:], strict=False):
            if _plain(left) and _plain(right) and ast.dump(left) != ast.dump(right):
                start, end = self.span(left)[0], self.span(right)[1]
                between = self.text[self.span(left)[1] : self.span(right)[0]]
                self.add("swapped", start, end, self.source(right) + between + self.source(left), around=node)
                return

    def _without(self, node: ast.Call, keyword: ast.keyword) -> None:
        start, end = self.span(keyword)
        before = self.text.rfind(",", self.span(node.func)[1], start)
        if before > 0:
            self.add("limit gone", before, end, "", around=node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        start, end = self.span(node.test)
        self.add("condition", start, end, f"not ({self.text[start:end]})", around=node)
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(call, ast.Call) and self.source(call.func).rsplit(".", 1)[-1] not in HARMLESS_CALLS:
            start, end = self.span(node)
            self.add("call gone", start, end, "pass")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if isinstance(node.value, ast.Compare | ast.BoolOp):
            start, end = self.span(node.value)
            self.add("answer", start, end, "True")
        self.generic_visit(node)

    def _guard(self, node: ast.If) -> None:
        """An early end that never comes: `if ...: return`."""
        ends = isinstance(node.body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)
        start, end = self.span(node.test)
        if ends and not node.orelse and len(node.body) <= 2:
            self.add("guard gone", start, end, "False", around=node.test)


_HANDLES = frozenset({"cx", "tx", "self", "session", "store", "bench", "cls"})
"""Whoever swaps these is told by the first call."""


def _plain(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) or (isinstance(node, ast.Name) and node.id not in _HANDLES)


def _number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def short(text: str, most: int = 90) -> str:
    """On one line, cut in its middle."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most // 2]} ... {line[-most // 2 :]}"


def _in_texts(path: str, text: str, finder: _Finder) -> Iterator[Fault]:
    for start, end in _texts(text):
        line = text.count("\n", 0, start) + 1
        if line in finder.docstrings:
            continue
        piece = text[start:end]
        for at, to, new, kind in sql_changes(piece):
            left, right = max(0, at - 30), min(len(piece), to + 25)
            before, after = piece[left:right], piece[left:at] + new + piece[to:right]
            where = text.count("\n", 0, start + at) + 1
            yield Fault(path, where, kind, start + at, start + to, new, f"{short(before)} -> {short(after)}")


_TOKENS = frozenset(
    kind for name in ("STRING", "FSTRING_MIDDLE") if (kind := getattr(tokenize, name, None)) is not None
)


def _texts(text: str) -> Iterable[tuple[int, int]]:
    """Where texts stand in a module, prefixes and quotes included. Two texts side by side are two."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in _TOKENS:
            (line, column), (last, until) = token.start, token.end
            yield starts[line - 1] + column, starts[last - 1] + until


WORDS = re.compile(r"\w+")
