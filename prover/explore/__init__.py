"""Theory exploration: lemmas about a file's own functions, conjectured by evaluation and proved by induction."""
