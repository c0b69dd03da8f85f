"""One function per query: a connection and a scope's rights in, domain values out.

The transaction's rights come from ``db.transaction``; queries that cross tenants say why in their
SQL (``-- fleet: …``).
"""
