"""What one client's record is read by: the feed of events, the timeline, the search in the notes."""
