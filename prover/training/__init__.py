"""Training of our own tactic models: data, tokenizer, losses, the loop, and the page that shows how it went (docs/model.md)."""
