"""Accounts: who signs in, with what, and for how long."""
