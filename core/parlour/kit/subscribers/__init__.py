"""Durable subscribers: handlers that hear every event of their types, whatever crashes."""
