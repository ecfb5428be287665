"""`python -m prompt_search` is `prompt-search`."""

from prompt_search.cli.main import main

if __name__ == "__main__":
    main()
