"""Every write to conversations, split by what it does."""
