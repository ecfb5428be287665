"""From pictures to stored features."""
