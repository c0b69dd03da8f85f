"""Orders to appliances: issued, signed, handed out, completed."""
