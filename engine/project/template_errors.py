"""What may be wrong with a template in a configuration value."""

from __future__ import annotations


class TemplateError(Exception):
    """A template failed. `is_safe`: the message shows nothing of the text or of its values."""

    def __init__(self, problem: str, *, is_safe: bool) -> None:
        self.problem = problem
        self.is_safe = is_safe
        super().__init__(problem)


class UnreadableTemplateError(TemplateError):
    """A text isn't Jinja, though it looks like it."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, is_safe=False)


class TargetNotKnownError(Exception):
    """A template speaks of `target` or `flags`, and the profile hasn't been read yet."""
