"""Revenue under failure: an import while its services are killed, or one of them is away, and the count afterwards."""
