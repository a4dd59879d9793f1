"""Write `schemas/`, the contract for every other language, from the contract's models."""
