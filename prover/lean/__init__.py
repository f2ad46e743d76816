"""The seam to Lean: what knows processes, protocol and files, and nothing of search or policy."""
