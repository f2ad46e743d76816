"""From a theorem to an audited proof, one and many."""
