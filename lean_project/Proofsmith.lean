/-
Copyright (c) 2026 The Proofsmith authors. All rights reserved.
Released under the MIT license as described in the file LICENSE.
-/
import Proofsmith.Basic
import Proofsmith.Export
import Proofsmith.Native
import Proofsmith.Suggest
