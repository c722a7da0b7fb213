"""A database that is none: scripted answers, simulated latency, and a record of every statement."""

from .adapter import ScriptedAdapter, create
from .recorder import Outcome, Recorder, Statement
from .script import Rule, Script

__all__ = ["Outcome", "Recorder", "Rule", "Script", "ScriptedAdapter", "Statement", "create"]
