"""Python's syntax trees are made from many threads, each of which gets its own."""

import ast
import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from headrace.engine.core.python_literals import expression_tree
from headrace.engine.manifest.jinja.bare_calls import literal_arguments
from headrace.engine.sandbox.sandbox_environment import GuardedEnvironment

_TEXT = "'a', ['b', 'c', ['d', 1]], x=[1, 2, 3], y='z'"


@pytest.fixture
def switching() -> Iterator[None]:
    """Threads that give way while a tree is made: whenever rubbish is collected, which is often."""
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()

    def give_way(phase: str, info: dict[str, int]) -> None:
        time.sleep(0.0001)

    sys.setswitchinterval(1e-6)
    gc.freeze()  # what there is already isn't gone through again and again
    gc.set_threshold(50)
    gc.callbacks.append(give_way)
    yield
    gc.callbacks.remove(give_way)
    gc.set_threshold(*threshold)
    gc.unfreeze()
    sys.setswitchinterval(interval)


@pytest.mark.parametrize(
    "read",
    [
        lambda: literal_arguments(_TEXT),
        lambda: GuardedEnvironment().parse("{{ [1.5, 2.5, 3.5] }}"),
    ],
    ids=["arguments", "template"],
)
def test_trees_are_made_in_many_threads_at_a_time(
    read: Callable[[], object], switching: None
) -> None:
    faults: list[Exception] = []

    def work(depth: int) -> None:
        if depth:
            work(depth - 1)
            return
        for _ in range(100):
            try:
                read()
            except Exception as fault:
                faults.append(fault)

    threads = [threading.Thread(target=work, args=(depth,)) for depth in (1, 9, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_a_tree_that_another_librarys_thread_spoilt_is_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, spoilt = ast.parse, iter([True, True, False])

    def parse(*args: object, **named: object) -> ast.AST:
        if next(spoilt):
            raise SystemError("AST constructor recursion depth mismatch (before=63, after=61)")
        return real(*args, **named)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(ast, "parse", parse)
    assert isinstance(expression_tree("1"), ast.Constant)
