"""A prompt file put to use: pictures in, classes out."""
