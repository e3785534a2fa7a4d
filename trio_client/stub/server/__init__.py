"""The server that composes all of it: its state, the application, and a real socket."""
