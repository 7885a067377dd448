"""Conversations: what visitors and members write to each other."""
