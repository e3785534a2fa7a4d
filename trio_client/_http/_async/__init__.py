"""Connections and sending for the async client; those of the sync client are generated from it."""
