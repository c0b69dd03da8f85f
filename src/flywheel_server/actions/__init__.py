"""Everything that changes state, each a verb; owns the invariants and the audit entry.

An action gets a connection inside a transaction of its caller's scope and never commits itself.
"""
