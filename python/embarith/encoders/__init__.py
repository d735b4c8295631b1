"""Encoders: from words, texts and photographs to vectors."""

from embarith.encoders.card import CARDS, Card, card_of, read_card

__all__ = ["CARDS", "Card", "card_of", "read_card"]
