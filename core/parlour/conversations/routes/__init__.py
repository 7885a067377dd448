"""Conversations over HTTP: for members, and for the widget."""
