"""What this process has taken of the machine so far, where the system says."""

from __future__ import annotations

import json
from collections.abc import Mapping

from msgspec import Struct

from ..core.events import InvocationFinished


class ProcessUse(Struct, frozen=True):
    """Seconds of CPU, the most memory held (in the system's unit), blocks read and written.

    They are those of the whole process, also where it has more than one invocation.
    """

    user_seconds: float
    kernel_seconds: float
    most_memory: int
    blocks_in: int
    blocks_out: int

    @classmethod
    def now(cls) -> ProcessUse | None:
        """The figures of this moment; None where the system has none."""
        try:
            import resource
        except ImportError:  # Windows has no such figures
            return None
        used = resource.getrusage(resource.RUSAGE_SELF)
        return cls(used.ru_utime, used.ru_stime, used.ru_maxrss, used.ru_inblock, used.ru_oublock)

    def report(self, command: str, event: InvocationFinished) -> dict[str, object]:
        """The fields of dbt's ResourceReport."""
        return {
            "command_name": command,
            "command_success": event.exit_code == 0,
            "command_wall_clock_time": event.elapsed,
            "process_in_blocks": str(self.blocks_in),
            "process_kernel_time": self.kernel_seconds,
            "process_mem_max_rss": str(self.most_memory),
            "process_out_blocks": str(self.blocks_out),
            "process_user_time": self.user_seconds,
        }

    @staticmethod
    def as_json(report: Mapping[str, object]) -> str:
        return json.dumps(report)
