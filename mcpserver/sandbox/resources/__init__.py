"""Implements the API's operations: one module per resource, one function per operation."""
