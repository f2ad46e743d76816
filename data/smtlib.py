"""SMT-LIB's inductive fragment, as TIP writes it, to Lean text (Claessen, Johansson, Rosén and Smallbone, "TIP: Tons of Inductive
Problems", CICM 2015): algebraic data types, recursive functions by `match`, `prove`. Assertions become hypotheses of the theorem.

Formulas as values are `Bool`, in statements propositions. A function that compares values of a type variable gets an instance of
`DecidableEq`. What Lean does not take (recursion whose end it does not see, say) it says itself when it reads the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

Sexp: TypeAlias = "str | list[Sexp]"

TOKEN = re.compile(r';[^\n]*|\s+|(\(|\)|\|[^|]*\||"(?:[^"]|"")*"|[^\s()|";]+)')
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_']*\Z")
NUMBER = re.compile(r"-?\d+\Z")
KEYWORDS = frozenset([
    "at", "by", "def", "do", "else", "end", "fun", "from", "have", "if", "import", "in", "inductive", "instance", "let", "match",
    "mutual", "namespace", "open", "partial", "prefix", "rec", "section", "show", "structure", "then", "theorem", "universe",
    "variable", "where", "with",
])  # fmt: skip
PROP = {"and": " ∧ ", "or": " ∨ ", "=>": " → "}
BOOL = {"and": " && ", "or": " || "}
ARITHMETIC = {"+": " + ", "-": " - ", "*": " * ", "div": " / ", "mod": " % "}
COMPARED = {"<=": " ≤ ", "<": " < ", ">=": " ≥ ", ">": " > ", "=": " = ", "distinct": " ≠ "}


def convert(text: str, name: str) -> str:
    """A Lean file with one theorem called `name` that waits for proof. Raises ValueError, with what is not understood."""
    return _Converter(name).file(parse(text))


def parse(text: str) -> list[Sexp]:
    """The s-expressions of a text. Raises ValueError for a parenthesis without its other."""
    stack: list[list[Sexp]] = [[]]
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"line {text.count(chr(10), 0, at) + 1}: {text[at : at + 20]!r} is not SMT-LIB")
        at = match.end()
        token = match[1]
        if token == "(":
            stack.append([])
        elif token == ")":
            if len(stack) == 1:
                raise ValueError(f"line {text.count(chr(10), 0, at) + 1}: a ) without its (")
            done = stack.pop()
            stack[-1].append(done)
        elif token:
            stack[-1].append(token.strip("|"))
    if len(stack) > 1:
        raise ValueError("a ( without its )")
    return stack[0]


@dataclass
class _Converter:
    name: str
    constructors: dict[str, str] = field(default_factory=dict)  # constructor → as Lean names it
    functions: set[str] = field(default_factory=set)  # the file's own, which may be called `-` or `+2`
    comparing: set[str] = field(default_factory=set)  # polymorphic functions that need DecidableEq

    def file(self, commands: list[Sexp]) -> str:
        parts: list[str] = []
        hypotheses: list[str] = []
        theorem = None
        for command in commands:
            match command:
                case ["declare-datatype", str(name), body]:
                    parts.append(self._types([(name, body)]))
                case ["declare-datatypes", list(heads), list(bodies)]:
                    parts.append(self._types([(_name(h[0]), b) for h, b in zip(heads, bodies, strict=True)]))
                case ["define-fun" | "define-fun-rec", str(name), *rest]:
                    parts.append(self._functions([(name, rest[:-1], rest[-1])]))
                case ["define-funs-rec", list(heads), list(bodies)]:
                    parts.append(self._functions([(_name(h[0]), list(h[1:]), b) for h, b in zip(heads, bodies, strict=True)]))
                case ["assert", statement]:
                    hypotheses.append(f"    (lem{len(hypotheses) + 1} : {self._statement(statement)})\n")
                case ["prove" | "assert-not", statement] if theorem is None:
                    theorem = statement
                case ["check-sat" | "set-logic" | "exit" | "set-info", *_]:
                    pass
                case _:
                    raise ValueError(f"not understood: {_said(command)}")
        if theorem is None:
            raise ValueError("there is nothing to prove: no (prove …) and no (assert-not …)")
        binders, statement = self._opened(theorem)
        said = f"theorem {_ident(self.name)}{binders}{' :' if not hypotheses else ''}\n{''.join(hypotheses)}"
        parts.append(f"{said}    {': ' if hypotheses else ''}{self._prop(statement)} := by sorry")
        space = "Tip_" + re.sub(r"\W", "_", self.name)
        return f"namespace {space}\n\n" + "\n\n".join(parts) + f"\n\nend {space}\n"

    # ---- types

    def _types(self, types: list[tuple[str, Sexp]]) -> str:
        for name, body in types:
            for constructor in _unpar(body)[1]:
                self.constructors[_name(constructor[0])] = f"{_ident(name)}.{_ident(_name(constructor[0]))}"
        return _mutual([self._type(name, body) for name, body in types])

    def _type(self, name: str, body: Sexp) -> str:
        variables, constructors = _unpar(body)
        lines = [f"inductive {_ident(name)}{''.join(f' ({_ident(v)} : Type)' for v in variables)} where"]
        for constructor in constructors:
            fields = "".join(f" ({_ident(_name(f[0]))} : {self._of_type(f[1])})" for f in constructor[1:])
            lines.append(f"  | {_ident(_name(constructor[0]))}{fields}")
        return "\n".join([*lines, "  deriving DecidableEq"])

    def _of_type(self, e: Sexp) -> str:
        match e:
            case str(name):
                return _ident(name)
            case ["=>", *parts]:
                return "(" + " → ".join(map(self._of_type, parts)) + ")"
            case [*parts]:
                return "(" + " ".join(map(self._of_type, parts)) + ")"
        raise AssertionError("unreachable")

    # ---- functions

    def _functions(self, functions: list[tuple[str, list[Sexp], Sexp]]) -> str:
        heads = [_signature(sig) for _, sig, _ in functions]
        names = {name for name, _, _ in functions}
        self.functions |= names
        used = {s for _, _, body in functions for s in _symbols(body)}
        if any(variables for variables, _, _ in heads) and used & (self.comparing | {"=", "distinct"}):
            self.comparing |= names
        return _mutual([self._function(n, h, b) for (n, _, b), h in zip(functions, heads, strict=True)])

    def _function(self, name: str, head: tuple[list[str], list[Sexp], Sexp], body: Sexp) -> str:
        variables, arguments, result = head
        binders = "".join(f" ({_ident(_name(a[0]))} : {self._of_type(a[1])})" for a in arguments)
        given = self._variables(variables, name in self.comparing)
        return f"def {_ident(name)}{given}{binders} : {self._of_type(result)} :=\n  {self._term(body)}"

    def _variables(self, variables: list[str], compared: bool) -> str:
        return "".join(f" {{{_ident(v)} : Type}}" + (f" [DecidableEq {_ident(v)}]" if compared else "") for v in variables)

    # ---- terms

    def _term(self, e: Sexp) -> str:
        match e:
            case str(name):
                is_number = NUMBER.match(name) and name not in self.functions
                return self.constructors.get(name) or (name if is_number else _ident(name))
            case [str(name), *parts] if name in self.functions:
                return "(" + " ".join([_ident(name), *map(self._term, parts)]) + ")"
            case ["_", str(name), *types]:
                of = self.constructors.get(name, _ident(name))
                return f"(@{of} {' '.join(map(self._of_type, types))})" if name not in self.comparing else of
            case ["as", inner, kind]:
                return f"({self._term(inner)} : {self._of_type(kind)})"
            case ["match", scrutinee, list(cases)]:
                return f"(match {self._term(scrutinee)} with{''.join(map(self._case, cases))})"
            case ["ite", condition, then, other]:
                return f"(if {self._prop(condition)} then {self._term(then)} else {self._term(other)})"
            case ["let", list(bindings), body]:
                bound = "".join(f"let {_ident(_name(b[0]))} := {self._term(b[1])}; " for b in bindings)
                return f"({bound}{self._term(body)})"
            case ["lambda", list(binders), body]:
                return f"(fun{self._binders(binders)} => {self._term(body)})"
            case ["@", *parts]:
                return "(" + " ".join(map(self._term, parts)) + ")"
            case ["not", inner]:
                return f"(!{self._term(inner)})"
            case ["=>", a, b]:
                return f"(!{self._term(a)} || {self._term(b)})"
            case ["-", inner]:
                return f"(-{self._term(inner)})"
            case [str(op), *parts] if op in BOOL or op in ARITHMETIC:
                return "(" + (BOOL.get(op) or ARITHMETIC[op]).join(map(self._term, parts)) + ")"
            case [str(op), *_] if op in COMPARED or op in ("forall", "exists"):
                return f"(decide {self._prop(e)})"
            case [head, *parts]:
                return "(" + " ".join(map(self._term, [head, *parts])) + ")"
        raise ValueError(f"not understood: {_said(e)}")

    def _case(self, case: Sexp) -> str:
        if not isinstance(case, list) or len(case) != 2:
            raise ValueError(f"not a case of a match: {_said(case)}")
        pattern, body = case
        words = pattern if isinstance(pattern, list) else [pattern]
        head = "_" if words[0] == "_" else self.constructors.get(_name(words[0]))
        if head is None:
            raise ValueError(f"not a constructor: {_said(pattern)}")
        return " | " + " ".join([head, *(_ident(_name(w)) for w in words[1:])]) + f" => {self._term(body)}"

    # ---- propositions

    def _prop(self, e: Sexp) -> str:
        match e:
            case "true" | "false":
                return str(e).capitalize()
            case ["forall" | "exists" as quantifier, list(binders), body]:
                return f"({'∀' if quantifier == 'forall' else '∃'}{self._binders(binders)}, {self._prop(body)})"
            case ["not", inner]:
                return f"(¬ {self._prop(inner)})"
            case [str(op), *_] if op in self.functions:
                pass
            case [str(op), *parts] if op in PROP:
                return "(" + PROP[op].join(map(self._prop, parts)) + ")"
            case [str(op), a, b] if op in COMPARED:
                return f"({self._term(a)}{COMPARED[op]}{self._term(b)})"
            case ["ite", condition, then, other]:
                return f"(if {self._prop(condition)} then {self._prop(then)} else {self._prop(other)})"
        return f"({self._term(e)} = true)"

    def _binders(self, binders: list[Sexp]) -> str:
        return "".join(f" ({_ident(_name(b[0]))} : {self._of_type(b[1])})" for b in binders)

    def _opened(self, statement: Sexp) -> tuple[str, Sexp]:
        """A theorem's binders, and what is left of its statement."""
        match statement:
            case ["par", list(variables), inner]:
                binders, rest = self._opened(inner)
                return self._variables([_name(v) for v in variables], bool(self.comparing)) + binders, rest
            case ["forall", list(given), inner]:
                binders, rest = self._opened(inner)
                return self._binders(given) + binders, rest
        return "", statement

    def _statement(self, statement: Sexp) -> str:
        """A hypothesis; type variables are universally bound in it."""
        binders, rest = self._opened(statement)
        return f"∀{binders}, {self._prop(rest)}" if binders else self._prop(rest)


def _signature(signature: list[Sexp]) -> tuple[list[str], list[Sexp], Sexp]:
    """Type variables, arguments, result."""
    if len(signature) == 1 and isinstance(signature[0], list) and signature[0][:1] == ["par"]:
        _, variables, inner = signature[0]
        if not isinstance(inner, list) or len(inner) != 2:
            raise ValueError(f"not a signature: {_said(inner)}")
        arguments, result = inner
        return [_name(v) for v in variables], list(arguments), result
    arguments, result = signature
    return [], list(arguments), result


def _unpar(body: Sexp) -> tuple[list[str], list[list[Sexp]]]:
    if isinstance(body, list) and body[:1] == ["par"]:
        return [_name(v) for v in body[1]], [c if isinstance(c, list) else [c] for c in body[2]]
    return [], [c if isinstance(c, list) else [c] for c in body]


def _symbols(e: Sexp) -> set[str]:
    return {e} if isinstance(e, str) else {s for part in e for s in _symbols(part)}


def _mutual(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else "mutual\n" + "\n".join(parts) + "\nend"


def _name(e: Sexp) -> str:
    if not isinstance(e, str):
        raise ValueError(f"a name is expected, not {_said(e)}")
    return e


def _ident(name: str) -> str:
    """A name as Lean reads it."""
    return name if PLAIN.match(name) and name not in KEYWORDS else f"«{name.replace('»', '_')}»"


def _said(e: Sexp) -> str:
    text = e if isinstance(e, str) else "(" + " ".join(map(_said, e)) + ")"
    return text if len(text) <= 80 else text[:80] + "…"
