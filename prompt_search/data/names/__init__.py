"""What classes and splits are called."""
