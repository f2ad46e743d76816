-- case: #exit before the theorem
-- refused: missing: #exit (line 1)
-- target
theorem bad : 2 + 2 = 5 := sorry
-- submission
#exit
theorem bad : 2 + 2 = 5 := rfl
-- case: the theorem in a comment
-- refused: missing: no such theorem
-- submission
/- theorem bad : 2 + 2 = 5 := rfl -/
-- case: the theorem in a nested comment
-- refused: missing: no such theorem
-- submission
/- /- -/ theorem bad : 2 + 2 = 5 := rfl -/
theorem good : 2 + 2 = 4 := rfl
-- case: the theorem in a documentation comment
-- refused: missing: no such theorem
-- submission
/-- theorem bad : 2 + 2 = 5 := rfl -/
theorem good : 2 + 2 = 4 := rfl
-- case: the theorem in a string
-- refused: missing: no such theorem
-- submission
def text := "
theorem bad : 2 + 2 = 5 := rfl
"
-- case: the theorem behind a comment sign
-- refused: missing: no such theorem
-- submission
theorem good : 2 + 2 = 4 := rfl -- theorem bad : 2 + 2 = 5 := rfl
-- case: a comment that never ends
-- refused: missing: unterminated comment
-- submission
theorem good : 2 + 2 = 4 := rfl
/- the rest
theorem bad : 2 + 2 = 5 := rfl
-- case: half of the statement in a comment
-- refused: statement: another one
-- submission
theorem bad : 2 + 2 = /- 5 := sorry
theorem good : 2 + 2 = -/ 4 := rfl
-- case: a comment sign inside a string that a text search takes for one
-- refused: sorry: has a sorry
-- submission
def a := "/-"
theorem bad : 2 + 2 = 5 := sorry
def b := "-/"
-- case: the end of a namespace comes early
-- refused: missing: no such theorem
-- target
namespace A
theorem bad : 2 + 2 = 5 := sorry
end A
-- submission
namespace A
end A
theorem bad : 2 + 2 = 4 := rfl
-- case: the namespace is another one
-- refused: missing: no such theorem
-- submission
namespace B
theorem bad : 2 + 2 = 4 := rfl
end B
-- case: a namespace inside the namespace
-- refused: missing: no such theorem
-- submission
namespace A
namespace A
theorem bad : 2 + 2 = 4 := rfl
end A
end A
-- case: the name of the namespace as one word
-- refused: missing: no such theorem
-- submission
theorem «A.bad» : 2 + 2 = 4 := rfl
-- case: the statement is proved and then stated again
-- refused: statement: another one
-- submission
theorem A.bad : 2 + 2 = 4 := rfl
theorem A.bad : 2 + 2 = 5 := sorry
-- case: an end too many closes what stands around the file
-- refused: sorry: has a sorry
-- submission
end
namespace A
theorem bad : 2 + 2 = 5 := sorry
end A
-- case: a file without the library
-- refused: imports: does not import Init
-- submission
prelude
theorem A.bad : True := True.intro
-- case: a file with other imports than the target
-- refused: imports: does not import Init.Data.List.Lemmas
-- target
import Init.Data.List.Lemmas
theorem bad : 2 + 2 = 5 := sorry
-- submission
theorem bad : 2 + 2 = 5 := sorry
-- case: an empty file
-- refused: missing: no such theorem
-- submission
import Init.Data.List.Lemmas
-- case: letters that look the same
-- refused: missing: no such theorem
-- submission
import Init.Data.List.Lemmas
theorem bаd : 2 + 2 = 4 := rfl
