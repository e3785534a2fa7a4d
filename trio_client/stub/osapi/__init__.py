"""OSAPI's job API: its jobs, its endpoints and both of its error shapes."""
