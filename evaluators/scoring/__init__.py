"""From vectors to figures: products, ranks, cross-entropies, fitness."""
