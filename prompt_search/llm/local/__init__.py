"""A GGUF file run in this process by llama.cpp, and the small one that can be installed."""
