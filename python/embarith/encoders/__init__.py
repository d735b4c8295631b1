"""Encoders: from words, texts and photographs to vectors."""

from embarith.encoders.card import CARDS, Card, card_of, read_card
from embarith.encoders.onnx import Encoder, OnnxEncoder, load_encoder

__all__ = ["CARDS", "Card", "Encoder", "OnnxEncoder", "card_of", "load_encoder", "read_card"]
