"""What images can do without words: a linear probe and Tip-Adapter."""
