"""The page at `/`: jobs, pictures and events in a browser, as they happen."""
