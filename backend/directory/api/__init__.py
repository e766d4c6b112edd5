"""The directory over HTTP, by subject."""
