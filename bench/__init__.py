"""Benchmarks: a load generator that is a real client, and a runner with a real server."""
