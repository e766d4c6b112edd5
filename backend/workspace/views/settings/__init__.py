"""Settings, one module for each subject: the clinic and its days, people, practitioners, applications, oneself."""
