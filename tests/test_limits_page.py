"""docs/limits.md says the limits that the code has."""

from __future__ import annotations

from pathlib import Path

import pytest
from headrace.adapters import profile_keys
from headrace.adapters.postgres import keys as postgres_keys
from headrace.engine.manifest.nodes import freshness_rules as freshness
from headrace.engine.manifest.nodes import node as nodes
from headrace.engine.manifest.reading import microbatch_settings as microbatch
from headrace.engine.packages import (
    decompression,
    entry_fields,
    git,
    resolution,
    semver,
    tarball,
    web,
)
from headrace.engine.project import discovery, event_time, text_file, yaml_data, yaml_graph
from headrace.engine.selection import grammar
from headrace.engine.settings import flags

PAGE = Path(__file__).parent.parent / "docs" / "limits.md"

LIMITS = {
    "`threads`": flags.MAX_THREADS,
    "`connect_timeout`": profile_keys.MOST_SECONDS,
    "`retries`": postgres_keys.MOST_RETRIES,
    "`keepalives_idle`": postgres_keys.MOST_KEEPALIVES_IDLE,
    "`printer_width`": flags.MAX_PRINTER_WIDTH,
    "`timeout`": nodes.MAX_TIMEOUT,
    "`count`": freshness.MAX_COUNT,
    "`lookback`": microbatch.MAX_BATCHES - 1,
    "batches": microbatch.MAX_BATCHES,
    "years": event_time.LATEST.year,
    "how far": grammar.MAX_DEPTH,
    "bytes of a file": text_file.MAX_TEXT_BYTES,
    "directories of a project": discovery.MAX_DEPTH,
    "bytes of an artifact": text_file.MAX_ARTIFACT_BYTES,
    "levels of YAML": yaml_graph.MAX_DEPTH,
    "characters that a YAML file": yaml_graph.MAX_EXPANDED_SIZE,
    "characters of a number": yaml_data._MAX_NUMBER_LENGTH,
    "packages of": resolution.MAX_PACKAGES,
    "comparisons": entry_fields.MAX_REQUIREMENTS,
    "characters of a version": semver.MAX_LENGTH,
    "seconds of one answer": int(web.TOTAL_TIMEOUT),
    "seconds without": int(web.SOCKET_TIMEOUT),
    "bytes of an answer": web.MAX_DOCUMENT_BYTES,
    "bytes of an archive": web.MAX_DOWNLOAD_BYTES,
    "bytes of a package": tarball.MAX_UNPACKED_BYTES,
    "files of": tarball.MAX_MEMBERS,
    "directories in each other": tarball.MAX_DEPTH,
    "characters of a path": tarball.MAX_PATH_LENGTH,
    "bytes of memory": decompression.MAX_DECOMPRESSOR_BYTES,
    "seconds that git": int(git.DEADLINE_SECONDS),
    "bytes of a repository": git.MAX_REPOSITORY_BYTES,
}


@pytest.mark.parametrize("what", LIMITS)
def test_page_says_the_limit(what: str) -> None:
    (row,) = (
        line
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| {what}")
    )

    assert row.endswith(f" {LIMITS[what]:,} |")


def test_page_says_how_git_may_reach_a_repository() -> None:
    assert git.TRANSPORTS == ("file", "git", "http", "https", "ssh")
    assert "`file`, `git`, `http`, `https` and `ssh`" in PAGE.read_text(encoding="utf-8")
