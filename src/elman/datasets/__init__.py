"""Sequences to learn from, small enough to come with the library."""

from elman.datasets._japanese_vowels import JapaneseVowels, load_japanese_vowels

__all__ = ["JapaneseVowels", "load_japanese_vowels"]
