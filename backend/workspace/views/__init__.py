"""Pages by subject: each loads what may be seen, calls one service, and renders."""
