"""A small repository, and what LeanDojo's ExtractData.lean would write about it: syntax, tactic states and premises as JSON.

The real `lean_dojo.trace` clones, "builds" and "extracts" it with the played `lake`, and reads the result with its own code.
The syntax is put together here in the shape of Lean's `Syntax` (JSON as Lean derives it); positions are looked up.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

BASIC = """\
namespace Small

/-- Twice a number. -/
def twice (n : Nat) : Nat := n + n

theorem twice_zero : twice 0 = 0 := by
  rfl -- both sides are the same

theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := by
  constructor
  exact h.2
  exact And.left h

theorem term (p : Prop) (h : p) : p := h

end Small
"""
USES = """\
import Small.Basic

theorem twice_one : Small.twice 1 = 2 := by
  exact Nat.add_comm 1 1
"""
START = "p q : Prop\nh : p ∧ q\n⊢ "
STATES = {  # tactic: before, after
    "rfl": ("⊢ twice 0 = 0", "no goals"),
    "constructor": (f"{START}q ∧ p", f"case left\n{START}q\n\ncase right\n{START}p"),
    "exact h.2": (f"case left\n{START}q\n\ncase right\n{START}p", f"case right\n{START}p"),
    "exact And.left h": (f"case right\n{START}p", "no goals"),
    "exact Nat.add_comm 1 1": ("⊢ Small.twice 1 = 2", "no goals"),
}
DEFINED = {  # constant: module, path, where it is defined (line, column)
    "And.left": ("Init.Prelude", ".lake/packages/lean4/src/lean/Init/Prelude.lean", (20, 4)),
    "Nat.add_comm": ("Init.Data.Nat.Basic", ".lake/packages/lean4/src/lean/Init/Data/Nat/Basic.lean", (150, 18)),
    "Small.twice": ("Small.Basic", "Small/Basic.lean", (4, 4)),
}


class Writer:
    """Puts syntax together from the front of a text to its end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.tactics: list[dict[str, Any]] = []
        self.premises: list[dict[str, Any]] = []

    def byte(self, at: int) -> int:
        return len(self.text[:at].encode())

    def position(self, at: int) -> dict[str, int]:
        return {"line": self.text.count("\n", 0, at) + 1, "column": at - self.text.rfind("\n", 0, at) - 1}

    def info(self, word: str) -> dict[str, Any]:
        start = self.text.index(word, self.at)
        end = self.at = start + len(word)
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        if self.text.startswith("--", self.at):
            self.at = self.text.index("\n", self.at)
        trailing = self.text[end : self.at]
        return {"original": {"leading": "", "pos": self.byte(start), "trailing": trailing, "endPos": self.byte(end)}}

    def atom(self, value: str) -> dict[str, Any]:
        return {"atom": {"info": self.info(value), "val": value}}

    def ident(self, value: str, constant: str | None = None) -> dict[str, Any]:
        found = {"ident": {"info": self.info(value), "rawVal": value, "val": value, "preresolved": []}}
        if constant is not None:
            end = len(self.text.encode()[: found["ident"]["info"]["original"]["endPos"]].decode())
            module, path, (line, column) = DEFINED[constant]
            name = constant.split(".")[-1]
            self.premises.append({
                "fullName": constant, "modName": module, "defPath": path, "pos": self.position(end - len(value)),
                "endPos": self.position(end), "defPos": {"line": line, "column": column},
                "defEndPos": {"line": line, "column": column + len(name)},
            })  # fmt: skip
        return found

    def tactic(self, kind: str, *arguments: dict[str, Any], text: str) -> dict[str, Any]:
        start = self.text.rindex(text, 0, self.at)
        before, after = STATES[text]
        self.tactics.append({
            "stateBefore": before, "stateAfter": after, "pos": self.byte(start), "endPos": self.byte(start + len(text)),
        })  # fmt: skip
        return node(f"Lean.Parser.Tactic.{kind}", *arguments)

    def theorem(self, name: str, type_: list[Any], value: Any) -> dict[str, Any]:
        """`type_` and `value` are functions, so that the text is gone through from left to right."""
        modifiers = node("Lean.Parser.Command.declModifiers")
        word = self.atom("theorem")
        id_ = node("Lean.Parser.Command.declId", self.ident(name), null())
        signature = node("Lean.Parser.Command.declSig", null(*[f() for f in type_]))
        proof = node("Lean.Parser.Command.declValSimple", self.atom(":="), value(), null())
        theorem = node("Lean.Parser.Command.theorem", word, id_, signature, proof)
        return node("Lean.Parser.Command.declaration", modifiers, theorem)

    def by(self, *tactics: Any) -> dict[str, Any]:
        word = self.atom("by")
        made: list[dict[str, Any]] = []
        for one in tactics:
            made += [*([null()] if made else []), one()]
        inner = node("Lean.Parser.Tactic.tacticSeq1Indented", null(*made))
        return node("Lean.Parser.Term.byTactic", word, node("Lean.Parser.Tactic.tacticSeq", inner))

    def trace(self, commands: list[dict[str, Any]]) -> dict[str, Any]:
        return {"commandASTs": commands, "tactics": self.tactics, "premises": self.premises}


def node(kind: str, *arguments: dict[str, Any]) -> dict[str, Any]:
    return {"node": {"info": "none", "kind": kind, "args": list(arguments)}}


def null(*arguments: dict[str, Any]) -> dict[str, Any]:
    return node("null", *arguments)


def basic() -> dict[str, Any]:
    w = Writer(BASIC)
    app = "Lean.Parser.Term.app"
    commands = [node("Lean.Parser.Module.header", null(), null())]
    commands.append(node("Lean.Parser.Command.namespace", w.atom("namespace"), w.ident("Small")))
    doc = node("Lean.Parser.Command.docComment", w.atom("/--"), w.atom("Twice a number. -/"))
    modifiers = node("Lean.Parser.Command.declModifiers", null(doc))
    definition = [w.atom("def"), node("Lean.Parser.Command.declId", w.ident("twice"), null())]
    definition += [node("Lean.Parser.Command.optDeclSig", w.atom("(n : Nat) : Nat"))]
    definition += [node("Lean.Parser.Command.declValSimple", w.atom(":="), node(app, w.atom("n + n")), null())]
    commands.append(node("Lean.Parser.Command.declaration", modifiers, node("Lean.Parser.Command.definition", *definition)))
    commands.append(
        w.theorem(
            "twice_zero",
            [lambda: w.atom(":"), lambda: node(app, w.ident("twice", "Small.twice"), w.atom("0 = 0"))],
            lambda: w.by(lambda: w.tactic("tacticRfl", w.atom("rfl"), text="rfl")),
        )
    )
    commands.append(
        w.theorem(
            "swap",
            [lambda: w.atom("(p q : Prop) (h : p ∧ q) : q ∧ p")],
            lambda: w.by(
                lambda: w.tactic("constructor", w.atom("constructor"), text="constructor"),
                lambda: w.tactic("exact", w.atom("exact"), w.atom("h.2"), text="exact h.2"),
                lambda: w.tactic(
                    "exact", w.atom("exact"), node(app, w.ident("And.left", "And.left"), w.atom("h")), text="exact And.left h"
                ),
            ),
        )
    )
    commands.append(w.theorem("term", [lambda: w.atom("(p : Prop) (h : p) : p")], lambda: node(app, w.atom("h"))))
    commands.append(node("Lean.Parser.Command.end", w.atom("end"), null(w.ident("Small"))))
    return w.trace(commands)


def uses() -> dict[str, Any]:
    w = Writer(USES)
    imports = node("Lean.Parser.Module.import", null(), w.atom("import"), null(), w.ident("Small.Basic"), null())
    commands = [node("Lean.Parser.Module.header", null(), null(imports))]
    app = "Lean.Parser.Term.app"
    commands.append(
        w.theorem(
            "twice_one",
            [lambda: w.atom(":"), lambda: node(app, w.ident("Small.twice", "Small.twice"), w.atom("1 = 2"))],
            lambda: w.by(
                lambda: w.tactic(
                    "exact", w.atom("exact"), node(app, w.ident("Nat.add_comm", "Nat.add_comm"), w.atom("1 1")),
                    text="exact Nat.add_comm 1 1",
                )
            ),
        )
    )  # fmt: skip
    return w.trace(commands)


def make_repository(root: Path) -> Path:
    """A git repository with one commit."""
    (root / "Small").mkdir(parents=True)
    (root / "Small" / "Basic.lean").write_text(BASIC, "utf-8")
    (root / "Small" / "Uses.lean").write_text(USES, "utf-8")
    (root / "lakefile.toml").write_text('name = "small"\n\n[[lean_lib]]\nname = "Small"\n')
    (root / "lean-toolchain").write_text("leanprover/lean4:v4.20.0\n")
    (root / "lake-manifest.json").write_text('{"packages": []}\n')
    as_somebody = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q"], ["add", "-A"], [*as_somebody, "commit", "-q", "-m", "Small"]):
        subprocess.run(["git", "-C", str(root), *arguments], check=True)
    return root


def extract(folder: Path) -> None:
    """What ExtractData.lean leaves behind in a built repository."""
    for name, trace, paths in (("Basic", basic(), ""), ("Uses", uses(), "Small/Basic.lean\n")):
        place = folder / ".lake" / "build" / "ir" / "Small" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.with_suffix(".ast.json").write_text(json.dumps(trace, ensure_ascii=False), "utf-8")
        place.with_suffix(".dep_paths").write_text(paths, "utf-8")


def build(folder: Path) -> None:
    """What `lake build` leaves behind: compiled files, of which only the names count here."""
    for source in (folder / "Small").glob("*.lean"):
        place = folder / ".lake" / "build" / "lib" / "lean" / "Small" / f"{source.stem}.olean"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
