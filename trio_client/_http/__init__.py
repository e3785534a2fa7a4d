"""The only package that knows HTTP libraries: connections, sending, and what can go wrong with them."""
