"""The Trio API's operations, and the paths under `/_stub` that script the server."""
