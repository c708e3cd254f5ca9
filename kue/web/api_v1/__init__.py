"""The JSON API of our own, at `/api/v1`: snake_case names, numbers for times and ids, errors as problems (RFC 9457)."""
