"""What a run came to: figures, sentences, pages."""
