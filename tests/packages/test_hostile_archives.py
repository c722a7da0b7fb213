"""Archives that nobody packed by accident: each is refused, at a limit, and nothing is left."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import struct
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace.engine.packages import decompression, tarball
from headrace.engine.packages.tarball import ArchiveError, unpack

from .support import archive, deps, error_of, installed, link

WriteProject = Callable[[Mapping[str, str]], Path]

PROJECT = {"p/dbt_project.yml": "name: tools\n"}


def directory(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = tarfile.DIRTYPE
    return member


def plain(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for member, data in members:
            member.size = len(data) if data else member.size
            tar.addfile(member, io.BytesIO(data) if data else None)
    return buffer.getvalue()


def with_pax(**headers: str) -> bytes:
    member = tarfile.TarInfo("p/dbt_project.yml")
    member.pax_headers = headers
    return plain((member, b"name: tools\n"))


def header(kind: bytes, size: int, name: str = "p/x") -> bytes:
    """The block of a member that says it is of some size, whatever follows."""
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)


def long_names(count: int) -> bytes:
    """Headers that each give the next one its name."""
    block = header(tarfile.GNUTYPE_LONGNAME, 4, "././@LongLink") + b"p/y\0".ljust(512, b"\0")
    return block * count + header(tarfile.REGTYPE, 0)


def xz_with_dictionary(size_bits: int) -> bytes:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 2**size_bits}]
    return lzma.compress(archive_plain(), format=lzma.FORMAT_XZ, filters=filters)


def archive_plain() -> bytes:
    return gzip.decompress(archive(PROJECT))


HOSTILE: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "directories 1,500 deep": (lambda: archive(PROJECT, [directory("p/" * 1500)]), "too deep"),
    "a file 1,500 deep": (lambda: archive({**PROJECT, "p/" * 1500 + "x": "x"}), "too deep"),
    "one level too deep": (lambda: archive({**PROJECT, "p/" * 65 + "x": "x"}), "too deep"),
    "a long path": (lambda: archive({**PROJECT, f"p/{'x' * 1000}": "x"}), "too deep"),
    "a long name": (lambda: archive({**PROJECT, f"p/{'x' * 500}": "x"}), "File name too long"),
    "a link 1,500 deep": (lambda: archive(PROJECT, [link("p/" * 1500 + "l", "x")]), "too deep"),
    "a file twice": (lambda: archive(PROJECT, [tarfile.TarInfo("p/a")] * 2), "in it twice"),
    "a file below a file": (
        lambda: archive(PROJECT, [tarfile.TarInfo("p/a"), tarfile.TarInfo("p/a/b")]),
        "can't be unpacked",
    ),
    "a thousand names for one": (lambda: long_names(1000), "can't be unpacked"),
    "a name of a gigabyte": (
        lambda: header(tarfile.GNUTYPE_LONGNAME, 2**30, "././@LongLink"),
        "a header in it is larger",
    ),
    "a link's target of a gigabyte": (
        lambda: header(tarfile.GNUTYPE_LONGLINK, 2**30, "././@LongLink"),
        "a header in it is larger",
    ),
    "a header of a gigabyte": (lambda: header(tarfile.XHDTYPE, 2**30), "a header in it is larger"),
    "a global header of a gigabyte": (
        lambda: header(tarfile.XGLTYPE, 2**30),
        "a header in it is larger",
    ),
    "a member of a terabyte": (lambda: header(tarfile.REGTYPE, 2**40), "too large"),
    "a sparse file": (lambda: header(b"S", 0), "neither a file nor"),
    "a sparse file of today": (
        lambda: with_pax(**{"GNU.sparse.map": "0,1", "GNU.sparse.size": str(2**40)}),
        "too large|neither a file nor",
    ),
    "a sparse map that is none": (
        lambda: with_pax(**{"GNU.sparse.map": "x,y", "GNU.sparse.size": "1"}),
        "can't be unpacked",
    ),
    "a size below zero": (lambda: with_pax(size="-1000"), "can't be unpacked|must hold one"),
    "a contiguous unknown": (lambda: header(b"Z", 2**40), "a header in it is larger"),
    "an xz that asks for a gigabyte": (lambda: xz_with_dictionary(28), "can't be unpacked"),
    "a cut gz": (lambda: archive(PROJECT)[:-20], "can't be unpacked"),
    "a cut bz2": (lambda: bz2.compress(archive_plain())[:-20], "can't be unpacked"),
    "a cut xz": (lambda: lzma.compress(archive_plain())[:-20], "can't be unpacked"),
    "nothing": (lambda: b"", "can't be unpacked"),
    "an empty gz": (lambda: gzip.compress(b""), "can't be unpacked"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archive_is_refused_and_nothing_else_is_written(tmp_path: Path, name: str) -> None:
    make, said = HOSTILE[name]
    path = tmp_path / "a.tgz"
    path.write_bytes(make())

    with pytest.raises(ArchiveError, match=said) as raised:
        unpack(path, tmp_path / "stage" / "into")

    assert len(str(raised.value)) < 400
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.tgz", "stage"]
    assert [each.name for each in (tmp_path / "stage").iterdir()] == ["into"]


async def test_hostile_archive_is_an_error_of_deps(
    write_project: WriteProject, tmp_path: Path
) -> None:
    (tmp_path / "a.tgz").write_bytes(archive({**PROJECT, "p/" * 1500 + "x": "x"}))
    root = write_project({"packages.yml": "packages:\n  - tarball: ../a.tgz\n    name: tools\n"})

    said = error_of(await deps(root))

    assert said.startswith("packages.yml:2:5: package tools can't be installed from ../a.tgz: 'p/p")
    assert "64 directories in each other and 1,000 characters are the most" in said
    assert installed(root) == []


@pytest.mark.parametrize("headers", [{"mtime": "nan"}, {"mtime": "1e300"}, {"mtime": "-1e300"}])
def test_time_that_no_file_has_is_no_matter(tmp_path: Path, headers: dict[str, str]) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(with_pax(**headers))

    project = unpack(path, tmp_path / "into")

    assert (project / "dbt_project.yml").read_text() == "name: tools\n"


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_archive_is_read_in_each_compression(
    tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "a.any"
    path.write_bytes(compress(archive_plain()))

    project = unpack(path, tmp_path / "into")

    assert (project / "dbt_project.yml").read_text() == "name: tools\n"


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_streams_behind_each_other_are_one_archive(
    tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    data = archive_plain()
    path = tmp_path / "a.any"
    path.write_bytes(compress(data[:700]) + compress(data[700:]))

    project = unpack(path, tmp_path / "into")

    assert (project / "dbt_project.yml").read_text() == "name: tools\n"


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_what_unfolds_to_more_than_a_package_is_stopped_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compress: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(tarball, "MAX_UNPACKED_BYTES", 1_000_000)
    monkeypatch.setattr(tarball, "MAX_MEMBERS", 100)
    path = tmp_path / "a.any"
    path.write_bytes(compress(header(tarfile.REGTYPE, 2**20) + bytes(50_000_000)))
    written: list[int] = []
    decompress = decompression.decompress

    def watched(source: Path, into: Path, limit: int) -> None:
        try:
            decompress(source, into, limit)
        finally:
            written.append(into.stat().st_size)

    monkeypatch.setattr(tarball, "decompress", watched)

    with pytest.raises(ArchiveError, match="too large"):
        unpack(path, tmp_path / "into")

    assert written[0] < 2_000_000


def test_archive_with_any_byte_changed_is_read_or_refused(tmp_path: Path) -> None:
    extra = [link("p/l", "dbt_project.yml"), directory("p/d"), tarfile.TarInfo("p/" + "y" * 120)]
    good = gzip.decompress(archive(PROJECT, extra))
    chance = random.Random(14)
    path = tmp_path / "a.tar"
    refused = 0

    for trial in range(400):
        changed = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(min(len(good), 4096))
            changed[place] = chance.choice([0, 0xFF, 0x39, 0x30, 0x2D, 0x80, chance.randrange(256)])
        if trial % 2:
            _mend_checksums(changed)
        path.write_bytes(changed)
        try:
            unpack(path, tmp_path / f"into-{trial}")
        except ArchiveError:
            refused += 1

    assert 0 < refused < 400


def _mend_checksums(data: bytearray) -> None:
    """Make each block's checksum right, so that what was changed in it is looked at."""
    for start in range(0, len(data) - 511, 512):
        block = data[start : start + 512]
        if block[257:262] == b"ustar":
            block[148:156] = b" " * 8
            total = sum(struct.unpack("512B", block))
            data[start + 148 : start + 156] = b"%06o\0 " % total
