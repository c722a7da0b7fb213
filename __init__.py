"""headrace: the job of `dbt run`, done by one asyncio program."""

__version__ = "0.1.0"
