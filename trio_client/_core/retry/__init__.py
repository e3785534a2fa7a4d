"""Retries: what a failure means, whether to send a request again, and how long to wait before."""
