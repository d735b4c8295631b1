"""Making embedding tables: Word2Vec from text.

gensim is imported inside the functions that need it.
"""
