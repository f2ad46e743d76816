"""New theorems from the library's: a run over several Lean processes (`run.py`), one process (`host.py`), checks, pages."""
