"""What is measured: the same small work as Atoll services, as a FastAPI application, and by hand."""
