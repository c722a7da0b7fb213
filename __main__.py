"""`python -m headrace`, and the console script."""

from __future__ import annotations

from .engine.core.signals import die_of_signals


def main() -> None:
    """Run the command line."""
    die_of_signals()
    from .cli import main as run

    run()


if __name__ == "__main__":
    main()
