"""Services from elsewhere beside Atoll's own: an ASGI application, a command in another language, a remote API."""
