"""Processes to work side by side, for evidence that one core would take too long over."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor


def spawned(processes: int | None = 2, tasks_each: int | None = None) -> ProcessPoolExecutor:
    """A pool of `processes` (None: one a core), each ended after `tasks_each` tasks where that is said.

    Spawned, not forked: the caller may have threads, and each process has a seed for hashes of its own.
    """
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(processes, mp_context=context, max_tasks_per_child=tasks_each)
