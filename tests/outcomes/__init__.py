"""What becomes of every command in every state: the table of `schemas/outcomes.*`."""
