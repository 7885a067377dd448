"""Fault experiments: real processes are killed, stopped and cut off while clients keep books."""
