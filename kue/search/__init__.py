"""Full-text search, the part without Redis: from text to the codes of its words, as Node's index has them."""
