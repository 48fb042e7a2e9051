"""The operations of the API, one module per resource, one function per operation."""
