"""Addresses under /care-plans."""
