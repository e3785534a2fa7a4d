"""The jobs and what their cameras see: the clock, the life of a job, its checks and its events."""
