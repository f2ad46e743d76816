"""Strategies: which node is expanded next. One file each; `strategy.py` says what the loop asks of them."""
