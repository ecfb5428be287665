"""The bundled images and model, and the demo on them."""
