"""What a person sees while something goes on: on a terminal, in a pipe, in a notebook."""
