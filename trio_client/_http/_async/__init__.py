"""Connections and sending for the async client; the sync client's twin is generated from it."""
