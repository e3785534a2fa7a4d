"""Every decision of the client, without any I/O."""
