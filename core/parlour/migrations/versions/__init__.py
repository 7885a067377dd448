"""Core's revisions, oldest first by their names."""
