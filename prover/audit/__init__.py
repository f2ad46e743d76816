"""What alone turns a candidate into a proof."""
