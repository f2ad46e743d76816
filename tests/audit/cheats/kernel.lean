-- case: the kernel is skipped for one theorem
-- refused: kernel: the kernel rejects
-- target
theorem bad : 2 + 2 = 5 := sorry
-- submission
set_option debug.skipKernelTC true in
theorem bad : 2 + 2 = 5 := by decide +kernel
-- case: the kernel is skipped for the file
-- refused: kernel: the kernel rejects
-- submission
set_option debug.skipKernelTC true
theorem bad : 2 + 2 = 5 := by decide +kernel
-- case: the kernel is skipped within the proof
-- refused: kernel: the kernel rejects
-- submission
theorem bad : 2 + 2 = 5 := by
  set_option debug.skipKernelTC true in
  decide +kernel
-- case: the kernel is skipped in a lemma
-- refused: kernel: the kernel rejects
-- submission
set_option debug.skipKernelTC true in
theorem help : 4 = 5 := by decide +kernel
theorem bad : 2 + 2 = 5 := help
-- case: the kernel is skipped in an instance
-- refused: kernel: the kernel rejects
-- submission
set_option debug.skipKernelTC true in
instance no : Inhabited (PLift (2 + 2 = 5)) := ⟨⟨by decide +kernel⟩⟩
theorem bad : 2 + 2 = 5 := (default : PLift (2 + 2 = 5)).down
-- case: the kernel is skipped in a definition that a macro hides
-- refused: kernel: the kernel rejects
-- submission
macro "trusted " n:ident " : " t:term : command =>
  `(set_option debug.skipKernelTC true in theorem $n : $t := by decide +kernel)
trusted help : 4 = 5
theorem bad : 2 + 2 = 5 := help
-- case: the kernel decides, and says no
-- refused: error: decide
-- submission
theorem bad : 2 + 2 = 5 := by decide +kernel
-- case: a name that the kernel keeps for itself
-- refused: kernel: keeps for itself
-- target
theorem t : 1 = 1 := sorry
-- submission
inductive _nested.T | a
theorem t : 1 = 1 := (rfl : (fun _ : _nested.T => 1) .a = 1)
-- case: a negative inductive type
-- refused: error: Unknown
-- target
theorem bad : False := sorry
-- submission
inductive Bad | mk : (Bad → False) → Bad
theorem no (b : Bad) : False := match b with | .mk f => f (.mk f)
theorem bad : False := no (.mk no)
-- case: a proposition that eliminates into types
-- refused: error: 
-- submission
inductive Two : Prop | zero | one
def value (t : Two) : Nat := match t with | .zero => 0 | .one => 1
theorem bad : False := by
  have h : value .zero = value .one := rfl
  simp [value] at h
-- case: a universe that holds itself
-- refused: error: 
-- submission
def U : Type := Type
theorem bad : False := (sizeOf U : False)
-- case: a negative inductive type, with the elaborator's check off
-- refused: error: Unknown
-- target
theorem bad : 2 + 2 = 5 := sorry
-- submission
set_option bootstrap.inductiveCheckPositivity false
inductive Bad | mk : (Bad → False) → Bad
theorem no : Bad → False := fun x => match x with | .mk f => f x
theorem bad : 2 + 2 = 5 := (no (.mk no)).elim
-- case: the kernel is skipped behind open … in
-- refused: kernel: the kernel rejects
-- submission
open Nat in
set_option debug.skipKernelTC true in
theorem bad : 2 + 2 = 5 := by decide +kernel
