"""What a process may answer from memory: credentials, rule sets, appliances as last seen.

Each cache is dropped by announcements (``listener``), and used only while the listener is trusted.
An empty channel means: drop everything.
"""
