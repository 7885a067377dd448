"""Visitors: who writes from a website, and how its browser is known again."""
