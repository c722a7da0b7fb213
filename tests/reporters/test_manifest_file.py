"""`manifest.json` is taken from the last one after its head, where that is what it would be."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from headrace.engine.core.encoding import encode
from headrace.engine.core.json_document import JsonDocument
from headrace.engine.reporters.artifacts.manifest_file import (
    MANIFEST_NAME,
    TAIL_NAME,
    write_manifest,
)

ORIGIN, ANOTHER = b"one origin", b"another one"


class Nodes:
    """A document with a few hundred nodes that counts how often they are made."""

    def __init__(self, said: str, moment: int = 0) -> None:
        self.moment = moment
        self.made = 0
        self._said = said

    @property
    def head(self) -> dict[str, object]:
        return {"metadata": {"at": "x" * self.moment}}

    def sections(self) -> Iterator[tuple[str, Iterable[tuple[str, object]]]]:
        self.made += 1
        yield "nodes", ((f"model.{i}", {"said": f"{self._said} \udcff é"}) for i in range(1001))
        yield "disabled", ()
        yield "parent_map", {"a": ["b"]}.items()


def written(
    directory: Path, nodes: Nodes, origin: bytes | None = ORIGIN, *, is_clean: bool = True
) -> object:
    """What is in the file after it was written. The text is what it would be as a whole."""
    write_manifest(directory, JsonDocument(nodes, encode, lambda _: is_clean, origin))
    content = (directory / MANIFEST_NAME).read_bytes()
    sections = {name: dict(entries) for name, entries in nodes.sections()}
    assert content == encode({**nodes.head, **sections})
    return json.loads(content)


def test_same_origin_is_not_made_again(tmp_path: Path) -> None:
    written(tmp_path, Nodes("first"))

    for moment in (5, 1, 300):
        nodes = Nodes("first", moment)
        write_manifest(tmp_path, JsonDocument(nodes, encode, lambda _: True, ORIGIN))

        assert nodes.made == 0
        written(tmp_path, nodes)


@pytest.mark.parametrize("origin", [ANOTHER, None])
def test_another_origin_is(tmp_path: Path, origin: bytes | None) -> None:
    written(tmp_path, Nodes("first"))
    written(tmp_path, Nodes("second"), origin)
    # What is there now isn't of the first any more.
    written(tmp_path, Nodes("first"))


def test_file_that_somebody_has_changed_is_made_again(tmp_path: Path) -> None:
    written(tmp_path, Nodes("first"))
    path = tmp_path / MANIFEST_NAME
    before = os.stat(path)
    path.write_bytes(path.read_bytes().replace(b"first", b"worst"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    written(tmp_path, Nodes("first"))


def test_file_that_holds_what_is_a_secret_by_now_is_made_again(tmp_path: Path) -> None:
    written(tmp_path, Nodes("first"))
    nodes = Nodes("first")

    written(tmp_path, nodes, is_clean=False)

    assert nodes.made == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
@pytest.mark.parametrize("name", [MANIFEST_NAME, TAIL_NAME])
def test_fifo_is_not_waited_for(tmp_path: Path, name: str) -> None:
    written(tmp_path, Nodes("first"))
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)

    written(tmp_path, Nodes("first", 7))


@pytest.mark.parametrize("damage", [b"", b"\x80", b"\x93\xc4\x0aone origin\x01\x90"])
def test_note_that_is_damaged_is_passed_over(tmp_path: Path, damage: bytes) -> None:
    written(tmp_path, Nodes("first"))
    (note,) = set(tmp_path.iterdir()) - {tmp_path / MANIFEST_NAME}
    note.write_bytes(damage)

    written(tmp_path, Nodes("first", 7))
