"""Flywheel Server: the learning control plane for self-healing fleets.

Layers point downwards only: doors (``api``, ``loop``) → ``actions`` → ``store`` → ``domain``.
"""
