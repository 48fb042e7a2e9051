"""Decides what a model sees of a tool's data, and nothing else does."""
