"""What to measure with."""
