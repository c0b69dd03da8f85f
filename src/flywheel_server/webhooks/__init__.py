"""Events for the outside: the outbox, its endpoints, and what sends them."""
