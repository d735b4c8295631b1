"""Making embeddings: Word2Vec from text, and heads from photographs with captions.

gensim and torch are imported inside the functions that need them.
"""
