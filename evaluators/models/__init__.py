"""Image-text models: what is asked of one, and open_clip's."""
