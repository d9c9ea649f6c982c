"""Reading free-text reports: the shared vocabulary and the spaCy pipeline. Imports nothing else of Foursight."""
