"""How events reach their reader: server-sent events and webhooks."""
