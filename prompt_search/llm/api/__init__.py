"""A language model behind an API; `prompt_search.llm` tells the way of a request through these files."""
