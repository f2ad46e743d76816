"""Interactive use: warm Lean processes behind an editor, an agent or a page."""
