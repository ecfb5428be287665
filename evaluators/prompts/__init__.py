"""What is searched for: class names, templates, texts by class, pairs of classes."""
