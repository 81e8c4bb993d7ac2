"""Events turned into read models, idempotently."""
