"""Realtime: the Socket.IO gateway, its rooms and presence, and the feed from the log."""
