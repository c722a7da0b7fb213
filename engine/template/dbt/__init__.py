"""What dbt lets macros see."""
