"""Parlour: a self-hosted live chat for websites."""
