"""The mutants of a module: its text with one operator, constant, condition, call or statement changed."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.LShift: ast.RShift,
}
_FUNCTIONS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "reversed": "list"}


@dataclass(frozen=True)
class Mutant:
    """The text of a changed module; `change` says what became of what, and in which line of the original."""

    line: int
    change: str
    source: str


def mutants(source: str) -> list[Mutant]:
    """All mutants of a module, by line."""
    tree = ast.parse(source)
    return sorted(_mutants(tree), key=lambda each: each.line)


def _mutants(tree: ast.Module) -> Iterator[Mutant]:
    for parent in ast.walk(tree):
        for siblings, place in _places(parent):
            original = siblings[place]
            for changed in _changed(original, parent):
                siblings[place] = changed
                yield Mutant(original.lineno, f"{_text(original)} -> {_text(changed)}", ast.unparse(tree))
            siblings[place] = original


def _places(parent: ast.AST) -> Iterator[tuple[Any, Any]]:
    """Where the expressions and statements directly below a node stand: a list or the node's fields, and the key."""
    for name, value in ast.iter_fields(parent):
        if isinstance(value, list):
            yield from ((value, index) for index, each in enumerate(value) if isinstance(each, ast.expr | ast.stmt))
        elif isinstance(value, ast.expr):
            yield vars(parent), name


def _changed(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left, [operator], others):
            yield from (ast.Compare(left, [other()], others) for other in _COMPARISONS[type(operator)])
        case ast.Compare(left, operators, others):
            for place, operator in enumerate(operators):
                for other in _COMPARISONS[type(operator)]:
                    yield ast.Compare(left, [*operators[:place], other(), *operators[place + 1 :]], others)
        case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
            yield ast.BinOp(left, _OPERATORS[type(operator)](), right)
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(ast.And() if isinstance(operator, ast.Or) else ast.Or(), values)
            yield from (ast.BoolOp(operator, [*values[:place], *values[place + 1 :]]) for place in range(len(values)))
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield operand
        case ast.Constant(bool()) if isinstance(parent, ast.keyword) and parent.arg == "strict":
            return  # that two lists are of one length is asserted, nothing is decided by it
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value)):
            yield ast.Constant(value + 1)
        case ast.Call(ast.Name(name), arguments, keywords) if name in _FUNCTIONS:
            yield ast.Call(ast.Name(_FUNCTIONS[name]), arguments, keywords)
        case ast.AugAssign(target, operator, value) if type(operator) in _OPERATORS:
            yield ast.AugAssign(target, _OPERATORS[type(operator)](), value)
            yield ast.Pass()
        case ast.Expr(ast.Call()) | ast.Continue() | ast.Break():
            yield ast.Pass()
        case ast.Return(ast.AST()) if isinstance(parent, ast.If | ast.For):
            yield ast.Pass()
    if node in _conditions(parent) and isinstance(node, ast.Name | ast.Call | ast.Subscript | ast.Attribute):
        yield ast.UnaryOp(ast.Not(), node)


def _conditions(parent: ast.AST) -> list[ast.expr]:
    match parent:
        case ast.If(condition) | ast.IfExp(condition) | ast.While(condition):
            return [condition]
        case ast.comprehension():
            return parent.ifs
    return []


def _text(node: ast.AST) -> str:
    return ast.unparse(node).partition("\n")[0]
