"""The only rooms that know HTTP libraries: connections, sending, and what can go wrong with them."""
