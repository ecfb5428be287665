"""The command line: thin over the library, one file per group of commands."""
