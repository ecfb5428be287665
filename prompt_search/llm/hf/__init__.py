"""A Hugging Face model run in this process by transformers."""
