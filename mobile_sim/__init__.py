"""A phone on the command line: enrols, listens, and answers prompts as the real one does."""
