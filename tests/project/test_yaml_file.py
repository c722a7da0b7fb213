"""YAML: what is read, what is refused, and where messages point."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from headrace.engine.core.errors import Location, YamlError
from headrace.engine.project import yaml_graph
from headrace.engine.project.yaml_file import YamlDocument, load_yaml_text, parse_yaml, read_yaml
from hypothesis import given
from hypothesis import strategies as st

SCHEMA = """\
version: 2
models:
  - name: orders
    columns:
      - name: id
      - name: amount
        tests: [not_null, {unique: {severity: warn}}]
"""


class _OtherWords(yaml.SafeLoader):
    """PyYAML's reader in Python, in words that none of its releases has."""

    def get_single_node(self) -> Any:
        try:
            return super().get_single_node()
        except yaml.MarkedYAMLError as error:
            error.context, error.problem = None, "thus it is not"
            raise


def error_of(text: str, *, discreet: bool = False) -> YamlError:
    with pytest.raises(YamlError) as caught:
        parse_yaml(text, "schema.yml", discreet=discreet)
    return caught.value


def doubling(reference: str, levels: int = 25) -> str:
    """Lines that each stand for two of the line before."""
    lines = ["a0: &a0 {key: value}"]
    lines += [
        reference.format(this=f"a{level}", last=f"a{level - 1}") for level in range(1, levels)
    ]
    return "\n".join(lines)


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n"])
def test_empty_file_is_none(text: str) -> None:
    assert load_yaml_text(text, display="schema.yml") is None


def test_file_with_byte_order_mark_and_crlf_is_read(tmp_path: Path) -> None:
    path = tmp_path / "schema.yml"
    path.write_bytes(b"\xef\xbb\xbfversion: 2\r\nname: caf\xc3\xa9\r\n")

    assert read_yaml(path, "schema.yml").data == {"version": 2, "name": "café"}


@pytest.mark.parametrize(
    "text",
    [
        SCHEMA,
        "a: 1_000\nb: 0o17\nc: 017\nd: .inf\ne: yes\nf: ~\ng: 1e5\nh: 2024-01-31\ni: 1:30\n",
        "base: &base {x: 1, y: 2}\none: {<<: *base, y: 3}\ntwo: {<<: [{x: 9}, *base], z: 4}\n",
        "a: !!set {x, y}\nb: !!omap [x: 1]\nc: !!binary aGk=\nd: !!str 5\n",
        "a: |\n  text\n   more\nb: >-\n  folded\n  text\n",
        "1: one\ntrue: two\nnull: three\n2024-01-01: four\n",
        "&a a: &b [x, *a]\nc: *b\n",
    ],
)
def test_data_is_what_pyyaml_makes_of_it(text: str) -> None:
    assert load_yaml_text(text, display="schema.yml") == yaml.safe_load(text)


yaml_data = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False)
    | st.dates()
    | st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(st.text("abc-_: ", min_size=1), children, max_size=4)
    ),
    max_leaves=20,
)


@given(yaml_data)
def test_any_data_survives_being_written_and_read(data: object) -> None:
    assert load_yaml_text(yaml.safe_dump(data), display="x.yml") == data


def leaves(
    data: object, path: tuple[str | int, ...] = ()
) -> list[tuple[tuple[str | int, ...], object]]:
    if isinstance(data, dict):
        return [leaf for key, item in data.items() for leaf in leaves(item, (*path, key))]
    if isinstance(data, list):
        return [leaf for index, item in enumerate(data) for leaf in leaves(item, (*path, index))]
    return [(path, data)]


@given(
    st.recursive(
        st.integers(0, 9),
        lambda children: (
            st.lists(children, min_size=1, max_size=4)
            | st.dictionaries(st.sampled_from("abcdef"), children, min_size=1, max_size=4)
        ),
        max_leaves=15,
    ),
    st.booleans(),
)
def test_every_value_is_located_on_its_own_line(data: object, flow: bool) -> None:
    text = yaml.safe_dump(data, default_flow_style=flow)
    document = parse_yaml(text, "x.yml")

    for path, value in leaves(data):
        location = document.locate(*path)

        assert location.line is not None
        assert location.column is not None
        here = text.splitlines()[location.line - 1][location.column - 1 :]
        assert here.startswith(str(path[-1] if path and isinstance(path[-1], str) else value))


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        ((), 1, 1),
        (("models",), 2, 1),
        (("models", 0), 3, 5),
        (("models", 0, "columns", 1, "name"), 6, 9),
        (("models", 0, "columns", 1, "tests", 1, "unique", "severity"), 7, 37),
        (("models", 0, "nowhere", "else"), 3, 5),
        (("models", 7), 2, 1),
    ],
)
def test_path_is_located_as_far_as_it_leads(
    path: tuple[str | int, ...], line: int, column: int
) -> None:
    document = parse_yaml(SCHEMA, "models/schema.yml")

    assert document.locate(*path) == Location("models/schema.yml", line, column)


def test_key_that_was_merged_in_is_located_where_it_is_written() -> None:
    document = parse_yaml("base: &b\n  x: 1\nuse:\n  <<: *b\n  y: 2\n", "x.yml")

    assert document.locate("use", "x").line == 2


def test_document_made_without_text_is_located_at_its_start() -> None:
    assert YamlDocument({}, "x.yml").locate("a") == Location("x.yml", 1, 1)


def test_last_of_two_equal_keys_counts_and_both_are_reported() -> None:
    document = parse_yaml("models:\n  - name: a\n    docs: 1\n    name: b\n", "schema.yml")

    assert document.data == {"models": [{"name": "b", "docs": 1}]}
    (duplicate,) = document.duplicates
    assert duplicate.key == "name"
    assert duplicate.location == Location("schema.yml", 4, 5)
    assert duplicate.first == Location("schema.yml", 2, 5)
    (warning,) = document.warnings()
    assert warning.name == "DuplicateYAMLKeysDeprecation"
    assert "'name'" in warning.message
    assert "line 2" in warning.message
    assert document.locate("models", 0, "name").line == 4


def test_key_that_overrides_a_merged_one_is_no_duplicate() -> None:
    document = parse_yaml("a: &a {x: 1}\nb:\n  <<: *a\n  <<: {y: 2}\n  x: 3\n", "x.yml")

    assert document.data == {"a": {"x": 1}, "b": {"x": 3, "y": 2}}
    assert document.duplicates == ()


@pytest.mark.parametrize(
    ("text", "line", "column", "what"),
    [
        ("a: b: c\n", 1, 5, "Put quotes around a value that holds ': '"),
        ("a:\n\t- b\n", 2, 1, "Indent with spaces"),
        ("a: 'b\n", 2, 1, "isn't closed"),
        ("a:\n  - {{ x }}\n", 2, 6, "Put quotes around a value that begins with '{'"),
        ("a: @b\n", 1, 4, "Put quotes around a value like this one"),
        ("a: [b, c\n", 2, 1, "isn't closed"),
        ("a: {{ x }} and more\n", 1, 12, "Put quotes around a value that begins with '{'"),
        ("a:\n  - b\n c\n", 3, 2, "Check the indentation"),
        ("a: *b\n", 1, 4, "nothing is named by the alias '*b'"),
        ("a: !secret b\n", 1, 4, "the tag '!secret' means nothing here"),
        ("a: !!python/object/apply:os.getcwd []\n", 1, 4, "'!!python/object/apply:os.getcwd'"),
        ("a: 1\n---\nb: 2\n", 2, 1, "another document"),
        ("é: \x07\n", 1, 4, "U+0007"),
        ("a: 2024-13-45\n", 1, 4, "no valid timestamp"),
        ("a: !!bool maybe\n", 1, 4, "no valid bool"),
        (f"a: {'9' * 5000}\n", 1, 4, "too long"),
        (f"a: 1{':1' * 20000}\n", 1, 4, "too long"),
        ("? [a]\n: b\n", 1, 3, "can't be a key"),
        ("a:\n  <<: 3\n", 2, 7, "can be merged"),
        ("a: &a [*a]\n", 1, 4, "inside of what it names"),
        ("&a\n<<: *a\nb: 1\n", 1, 1, "inside of what it names"),
        ("a: !!str [x]\n", 1, 4, "doesn't fit its tag"),
    ],
)
@pytest.mark.parametrize("reader", [_OtherWords, yaml.SafeLoader, yaml.CSafeLoader])
def test_what_is_no_yaml_is_refused_with_its_place_in_our_words(
    monkeypatch: pytest.MonkeyPatch, reader: Any, text: str, line: int, column: int, what: str
) -> None:
    monkeypatch.setattr(yaml_graph, "Loader", reader)

    error = error_of(text)

    assert error.location == Location("schema.yml", line, column)
    assert what in error.problem.split(" (PyYAML: ")[0] + error.problem.split("). ")[-1]


def test_message_shows_the_line_and_marks_the_column() -> None:
    error = error_of("version: 2\nmodels: - name: b\n")

    assert str(error).endswith("\n  2 | models: - name: b\n              ^")


def test_message_shows_only_a_part_of_a_long_line_and_no_control_characters() -> None:
    error = error_of(f"a: '{'x' * 5000}' \x1b[31m\n")

    assert len(str(error)) < 400
    assert "\x1b" not in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "pw: *hunter2",
        "pw: !hunter2",
        "pw: hunter2: x",
        "pw: 'hunter2",
        'pw: "hunter2\\q"',
        "pw: !!bool hunter2",
        "pw: !!float hunter2",
        "pw: hunter2\x07",
    ],
)
def test_discreet_error_shows_nothing_of_the_file(text: str) -> None:
    error = error_of(text, discreet=True)

    assert "hunter2" not in f"{error}{error!r}{error.__cause__}"
    assert error.location is not None
    assert error.location.line == 1


def test_content_stays_out_of_repr() -> None:
    assert "hunter2" not in repr(parse_yaml("pw: hunter2", "profiles.yml"))


@pytest.mark.parametrize(
    "bomb",
    [
        doubling("{this}: &{this} [*{last}, *{last}]"),
        doubling("{this}: &{this} {{x: *{last}, y: *{last}}}"),
        doubling("{this}: &{this} {{<<: [*{last}, *{last}]}}"),
        "text: &t " + "x" * 100_000 + "\nall: [" + ", ".join(["*t"] * 1000) + "]",
    ],
    ids=["list", "mapping", "merge", "one long text"],
)
def test_alias_bomb_is_refused_at_once(bomb: str) -> None:
    started = time.process_time()

    error = error_of(bomb)

    assert time.process_time() - started < 0.5
    assert "aliases here stand for more than" in str(error)
    assert error.location is not None
    assert error.location.line is not None


def test_aliases_in_ordinary_numbers_are_welcome() -> None:
    columns = "\n".join(f"  - {{name: c{index}, config: *config}}" for index in range(500))
    text = f"config: &config {{tags: [a, b], meta: {{owner: me}}}}\ncolumns:\n{columns}\n"

    data = load_yaml_text(text, display="x.yml")

    assert data == yaml.safe_load(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 100_000 + "a",
        "\n".join(" " * level + "a:" for level in range(2000)),
        "[" * 150 + "]" * 150,
    ],
    ids=["lists", "mappings", "compact lists", "block mappings", "few brackets"],
)
def test_deep_nesting_is_refused_also_in_a_thread_with_a_small_stack(text: str) -> None:
    # The C parser's own recursion would end the process here.
    errors: list[YamlError] = []
    previous = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=lambda: errors.append(error_of(text)))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(previous)

    assert errors[0].problem.startswith("this is nested more than 100 levels deep")
    assert errors[0].location is not None
    assert errors[0].location.line is not None


@pytest.mark.parametrize("kind", [yaml.scanner.ScannerError, RecursionError, MemoryError])
def test_readers_own_limit_is_told_in_our_words_at_the_first_level_too_deep(
    monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def refused(*arguments: object) -> Any:
        raise kind("enough is enough")

    monkeypatch.setattr(yaml, "parse", refused)
    text = '# [[[\na: \'[[[\'\nb: "[\\"["\nc: ' + "[" * 500

    error = error_of(text)

    assert error.problem.startswith("this is nested more than 100 levels deep")
    assert error.location == Location("schema.yml", 4, 104)


def test_fault_in_a_file_with_many_brackets_is_told_as_what_it_is() -> None:
    text = "a: [[[]]]\n" * 200 + "b: 'c"

    error = error_of(text)

    assert "isn't closed" in str(error)
    assert "nested" not in str(error)


def test_long_chain_of_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 3000))]

    assert "nested more than 100 levels deep" in str(error_of("\n".join(lines)))


def test_many_brackets_in_one_file_are_welcome() -> None:
    text = "\n".join(
        f"m{n}: {{tests: [unique, {{relationships: {{to: [a]}}}}]}}" for n in range(900)
    )

    assert load_yaml_text(text, display="x.yml") == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("data", "where", "what"),
    [
        (b"a: 1\nb: \xff\n", "schema.yml:2:4", "byte 8 is 0xff"),
        (b"\xef\xbb\xbfa: \xc3\xa9\xe9\n", "schema.yml:1:5", "byte 8 is 0xe9"),
        ("a: 1".encode("utf-16"), "schema.yml:1:1", "byte 0 starts a UTF-16 text"),
        ("a: 1".encode("utf-16-le"), "schema.yml:1:2", "byte 1 is NUL"),
        (b"a: x\0y\n", "schema.yml:1:5", "byte 4 is NUL"),
    ],
)
def test_file_that_is_not_utf8_is_refused_at_its_byte(
    tmp_path: Path, data: bytes, where: str, what: str
) -> None:
    path = tmp_path / "schema.yml"
    path.write_bytes(data)

    with pytest.raises(YamlError) as caught:
        read_yaml(path, "schema.yml")

    assert str(caught.value).startswith(f"{where}: {what}")
    assert path.read_bytes() == data


def test_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(YamlError, match=r"^schema\.yml: can't be read: No such file"):
        read_yaml(tmp_path / "schema.yml", "schema.yml")
