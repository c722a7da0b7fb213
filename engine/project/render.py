"""Jinja in YAML values: `{{ env_var('X') }}`, `{{ var('x') }}`, `{{ target.name }}`.

Only values that hold Jinja are rendered, and Jinja is imported only if there is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from ..core.errors import HeadraceError, ProjectError
from ..sandbox.calls import call_problem
from ..sandbox.owned import own
from .secrets import is_secret_key, is_secret_variable
from .template_errors import TargetNotKnownError, TemplateError, UnreadableTemplateError
from .yaml_file import YamlDocument

if TYPE_CHECKING:
    from .native import NativeTemplates

ValuePath = tuple[str | int, ...]

Note = Callable[[tuple[str, ...]], None]
"""Takes a question that a template has asked."""

_TEMPLATE = re.compile(r"\{[{%#]")

# A secret passes through Jinja as its variable's name between two characters that no YAML file
# can hold, in mixed case, so that a filter that changes it shows in the result.
_VEIL = "\x02Secret:{}\x03"
_VEILED = re.compile("\x02Secret:([^\x02\x03]*)\x03")
_PIECE_OF_VEIL = re.compile("[\x02\x03]|_ENV_SECRET_", re.IGNORECASE)

_NO_DEFAULT = object()


def has_template(text: str) -> bool:
    """Whether a text holds Jinja."""
    return "{" in text and _TEMPLATE.search(text) is not None


class Renderer:
    """Renders the values of YAML documents with one set of names in scope.

    `environ` and `cli_vars` answer env_var() and var(); `target` is what a template may know of
    the target, None before there is one; `names` are further names in scope.

    `error` is the class of what is raised. `with_secrets` is for profiles.yml and packages.yml:
    env_var() gives secret variables too, and messages keep the file's values to themselves.
    `note_secret` is told which of them was written out, and where.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        cli_vars: Mapping[str, object],
        target: Mapping[str, object] | None = None,
        names: Mapping[str, object] | None = None,
        error: type[HeadraceError] = ProjectError,
        with_secrets: bool = False,
        note_secret: Callable[[ValuePath, str], None] | None = None,
        is_lenient: bool = False,
    ) -> None:
        self._environ = environ
        self._cli_vars = cli_vars
        self._target = target
        self._more_names = names or {}
        self._error = error
        self._with_secrets = with_secrets
        self._note_secret = note_secret
        self._is_lenient = is_lenient
        self._note: Note | None = None

    def watched(self, note: Note) -> Renderer:
        """The same, which notes what a template asks for that isn't the same in each invocation:
        `("env", name)` for an environment variable, `("name", name)` for any other name.

        Variables are no part of that.
        """
        watched = self._changed()
        watched._note = note
        return watched

    def leniently(self) -> Renderer:
        """The same for prose: an unknown name gives nothing there, as in dbt."""
        return self._changed(is_lenient=True)

    def with_names(self, **names: object) -> Renderer:
        """The same, with further names in scope."""
        return self._changed(names={**self._more_names, **names})

    def for_properties(self) -> Renderer:
        """The same for properties files: as in dbt a variable that is a template isn't rendered
        there, and gives its text.
        """
        return self.with_names(var=_VarLookup(self._cli_vars, str, show_values=True))

    def without_secrets(self) -> Renderer:
        """The same for a file that may read no secret variable."""
        return self._changed(with_secrets=False)

    def noting_secrets(self, note: Callable[[ValuePath, str], None]) -> Renderer:
        """The same, telling `note` where each secret variable is written out, and its name."""
        return self._changed(note_secret=note)

    def _changed(self, **changes: Any) -> Renderer:
        now: dict[str, Any] = {
            "environ": self._environ,
            "cli_vars": self._cli_vars,
            "target": self._target,
            "names": self._more_names,
            "error": self._error,
            "with_secrets": self._with_secrets,
            "note_secret": self._note_secret,
            "is_lenient": self._is_lenient,
        }
        changed = Renderer(**{**now, **changes})
        changed._note = self._note
        return changed

    def render(
        self,
        document: YamlDocument,
        value: object,
        path: ValuePath = (),
        *,
        keep: Callable[[ValuePath], bool] | None = None,
    ) -> object:
        """A value of a document, with all texts below it rendered, as new collections.

        `path` leads to the value, for messages. What `keep` says yes to stays as it is. Dates
        turn into ISO texts, as in dbt.

        Raises:
            HeadraceError: of the class `error`, with file, line and key.
            TargetNotKnownError: a template speaks of `target`, and there is none yet.
        """
        if keep is not None and keep(path):
            return value
        if isinstance(value, str):
            return self._text(document, value, path) if has_template(value) else value
        if isinstance(value, Mapping):
            return {
                key: self.render(document, item, (*path, key), keep=keep)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [
                self.render(document, item, (*path, index), keep=keep)
                for index, item in enumerate(value)
            ]
        return value.isoformat() if isinstance(value, date) else value

    def _text(self, document: YamlDocument, text: str, path: ValuePath) -> object:
        try:
            value = self._templates.evaluate(text)
            return self._unveiled(value, path) if self._with_secrets else value
        except TargetNotKnownError:
            if self._error is ProjectError:
                raise  # whoever reads dbt_project.yml reads it again with the target
            unknown = "'target' and 'flags' are not defined here: they come of this file."
            raise self._failure(document, path, unknown, is_safe=True) from None
        except TemplateError as problem:
            if isinstance(problem, UnreadableTemplateError) and self._is_password(path):
                return text  # a password may look like Jinja without being any
            raise self._failure(document, path, problem.problem, problem.is_safe) from None
        except Exception as problem:
            # Whatever a template's expression raises is the template's fault.
            what = call_problem(problem) or f"{type(problem).__name__}: {problem}"
            raise self._failure(document, path, what, is_safe=False) from (
                None if self._with_secrets else problem
            )

    def _is_password(self, path: ValuePath) -> bool:
        return self._with_secrets and any(is_secret_key(str(step)) for step in path)

    def _failure(
        self, document: YamlDocument, path: ValuePath, problem: str, is_safe: bool
    ) -> HeadraceError:
        if self._with_secrets and not is_safe:
            problem = "the template in this value can't be rendered. Check its syntax and names."
        return self._error(f"{dotted(path)}: {problem}", location=document.locate(*path))

    @cached_property
    def _templates(self) -> NativeTemplates:
        # It brings Jinja with it.
        from .native import NativeTemplates

        names: dict[str, object] = {
            "env_var": self._env_var,
            "var": _VarLookup(self._cli_vars, self._rendered, show_values=not self._with_secrets),
            **self._more_names,
        }
        if self._target is not None:
            names["target"] = self._target
        return NativeTemplates(names, is_lenient=self._is_lenient, note=self._note)

    def _rendered(self, text: str) -> object:
        return self._templates.evaluate(text)

    def _env_var(self, name: object, default: object = None) -> object:
        name = str(name)
        if self._note is not None:
            self._note(("env", name))
        if is_secret_variable(name):
            if not self._with_secrets:
                raise TemplateError(
                    "Secret env vars are allowed only in profiles.yml or packages.yml. "
                    f"Found '{name}' referenced elsewhere.",
                    is_safe=True,
                )
            if name in self._environ:
                return _VEIL.format(name)
        elif name in self._environ:
            return self._environ[name]
        if default is None:
            raise TemplateError(
                f"Env var required but not provided: '{name}'. Set it, or give a default: "
                f"env_var('{name}', '…').",
                is_safe=True,
            )
        return default

    def _unveiled(self, value: object, path: ValuePath) -> object:
        if isinstance(value, str):
            if not _PIECE_OF_VEIL.search(value):
                return value
            if _PIECE_OF_VEIL.search(_VEILED.sub("", value)):
                raise TemplateError(
                    "a secret variable can be written out, but not changed by a filter.",
                    is_safe=True,
                )
            if self._note_secret is not None:
                for name in _VEILED.findall(value):
                    self._note_secret(path, name)
            return _VEILED.sub(lambda veiled: self._environ[veiled[1]], value)
        if isinstance(value, Mapping):
            return {key: self._unveiled(item, path) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._unveiled(item, path) for item in value]
        return value


class _VarLookup:
    """`var('x')`, `var('x', default)` and `var.has_var('x')`.

    `render` gives the value of a variable that is a template.
    """

    template_names: ClassVar[frozenset[str]] = frozenset(("has_var",))

    def __init__(
        self,
        cli_vars: Mapping[str, object],
        render: Callable[[str], object],
        *,
        show_values: bool,
    ) -> None:
        self._cli_vars = cli_vars
        self._render = render
        self._show_values = show_values

    def __call__(self, name: str, default: object = _NO_DEFAULT) -> object:
        if name in self._cli_vars:
            value = self._cli_vars[name]
            is_template = isinstance(value, str) and has_template(value)
            return self._render(str(value)) if is_template else own(value)
        if default is not _NO_DEFAULT:
            return default
        supplied: object = dict(self._cli_vars) if self._show_values else sorted(self._cli_vars)
        raise TemplateError(
            f"Required var '{name}' not found in config:\nVars supplied to <Configuration> = "
            f"{json.dumps(supplied, indent=4, default=str)}\n"
            f"Pass it with --vars, or give a default: var('{name}', …).",
            is_safe=True,
        )

    def has_var(self, name: str) -> bool:
        return name in self._cli_vars


def dotted(path: ValuePath) -> str:
    """A path as messages say it: `models.shop.+tags[0]`."""
    written = ""
    for step in path:
        if isinstance(step, int):
            written += f"[{step}]"
        else:
            written += f".{step}" if written else str(step)
    return written
