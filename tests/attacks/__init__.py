"""An attacker beside a victim, over real sockets: what the one does to the other is measured."""
