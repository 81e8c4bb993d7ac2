"""The use cases around the decision: commands, the mailbox, the worker loop, the relay, projections, queries."""
