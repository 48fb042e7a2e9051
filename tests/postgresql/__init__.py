"""Django's PostgreSQL backend, as an ENGINE that empties small tables fast."""
