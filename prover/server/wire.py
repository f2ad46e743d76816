"""The bodies of our own endpoints. Lines count from 1, columns from 0 in characters; times are seconds."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from prover.audit.auditor import TheoremVerdict


def _lean_text(text: str) -> str:
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError("it is not UTF-8 text, or holds a NUL; Lean could not read it")
    return text


LeanText = Annotated[str, AfterValidator(_lean_text)]


class Strict(BaseModel):
    """A body of ours: a field that is misspelt is an error, not ignored."""

    model_config = ConfigDict(extra="forbid")


class SuggestRequest(Strict):
    """Tactics for a position in a file, or for a goal as Lean prints it."""

    text: LeanText | None = Field(default=None, description="The whole file")
    line: int | None = Field(default=None, ge=1, description="Line of the position, from 1")
    column: int | None = Field(default=None, ge=0, description="Column of the position in characters, from 0")
    state: LeanText | None = Field(default=None, description="Instead of a file: the goal as Lean prints it")
    context: LeanText = Field(default="", description="With `state`: the file's text up to the tactic")
    prefix: LeanText = Field(default="", description="Only tactics that begin so")
    limit: int = Field(default=10, ge=1, le=40, description="How many at most")
    timeout_s: float = Field(default=10.0, gt=0, le=60)

    @model_validator(mode="after")
    def one_of_both(self) -> SuggestRequest:
        """A position or a state, not both."""
        position = [value is not None for value in (self.text, self.line, self.column)]
        if all(position) == (self.state is not None) or any(position) != all(position):
            raise ValueError("give `text`, `line` and `column`, or `state`, not both")
        return self


class EditBody(BaseModel):
    """A change of the file: the characters from `start` to `end` (both from 0) become `text`."""

    start: int
    end: int
    text: str


class SuggestionBody(BaseModel):
    """A tactic. `goals_after` are the goals that it leaves, None when it was not run; `closes`: it leaves none.

    `edit` writes it into the file, where the request had one.
    """

    tactic: str
    goals_after: list[str] | None
    closes: bool
    log_prob: float
    proposer: str
    edit: EditBody | None = None


class SuggestReply(BaseModel):
    """`checked`: Lean has run every tactic on the goal, and the failing ones are left out."""

    suggestions: list[SuggestionBody]
    checked: bool
    goals: list[str] = []
    note: str | None = None


class DocumentRequest(Strict):
    """A file."""

    text: LeanText
    timeout_s: float = Field(default=60.0, gt=0, le=300)


class TheoremBody(BaseModel):
    """A theorem that waits for its proof.

    `kind`: `sorry` (all of it), `partial` (a `sorry` inside) or `unfinished` (the proof ends early or is wrong). `problem` says
    why it cannot be searched.
    """

    name: str
    line: int
    statement: str
    kind: str
    problem: str | None


class DocumentReply(BaseModel):
    """What a file holds to prove, and remarks."""

    theorems: list[TheoremBody]
    notes: list[str]


class PositionRequest(Strict):
    """A position in a file."""

    text: LeanText
    line: int = Field(ge=1)
    column: int = Field(ge=0)
    timeout_s: float = Field(default=10.0, gt=0, le=60)


class GoalsReply(BaseModel):
    """The goals at a position, as Lean prints them, and the theorem that it is in."""

    goals: list[str]
    theorem: str


class ProveRequest(Strict):
    """A search: for a theorem by name, or for the one at a position; without either for the only one."""

    text: LeanText
    theorem: LeanText | None = Field(default=None, description="Its name, as /v1/document gives it")
    line: int | None = Field(default=None, ge=1)
    column: int | None = Field(default=None, ge=0)
    timeout_s: float = Field(default=60.0, gt=0, le=3600)
    max_expansions: int | None = Field(default=None, ge=1)


class JobReply(BaseModel):
    """A job. `result` has `status`, `proof`, `text` (the file with the proof) and `reason` when it is finished."""

    id: str
    status: str
    created: float
    started: float | None
    finished: float | None
    request: dict[str, Any]
    result: dict[str, Any] | None
    progress: dict[str, Any] = {}
    place: int | None = None


class CheckBody(Strict):
    """A file to elaborate, and perhaps the theorems that it is to prove."""

    text: LeanText
    against: LeanText | None = Field(default=None, description="A file that states theorems with sorry: judge their proofs")
    allow_disproof: bool = Field(default=False, description="A theorem may be disproved instead, under its own name too")
    timeout_s: float = Field(default=60.0, gt=0, le=300)


class MessageBody(BaseModel):
    """What Lean says, and where."""

    severity: str
    text: str
    line: int
    column: int
    end_line: int
    end_column: int


class CheckReply(BaseModel):
    """`ok`: no error and no sorry; with `against`: every theorem accepted by the audit, or disproved if that is allowed.

    With `against` and the embedded Lean: what the verdicts rest on, and the faults known of it that were looked for.
    """

    ok: bool
    lean: str
    messages: list[MessageBody]
    sorries: int
    verdicts: list[TheoremVerdict] | None = None
    kernel: str | None = None
    faults_looked_for: list[str] | None = None


class PremisesRequest(Strict):
    """Words, or a goal, to find theorems of the library for."""

    query: LeanText = Field(min_length=1, max_length=20_000)
    limit: int = Field(default=20, ge=1, le=200)


class PremiseBody(BaseModel):
    """A theorem of the library."""

    name: str
    signature: str


class PremisesReply(BaseModel):
    """The nearest first."""

    premises: list[PremiseBody]
