"""Many live calls at once: taps that accept calls, admission, health and metrics."""
