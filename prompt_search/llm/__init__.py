"""Language models: everything that answers a `Request`, and the cache in front of it."""
