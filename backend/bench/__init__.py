"""Measures the hot paths against a bare handler that does the same."""
