"""Coverage-guided fuzzing of what a stranger may send: `kvo fuzz NAME --runs N`. Wants the extra `fuzz` (Linux)."""
