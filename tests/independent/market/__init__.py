"""What the services of the market promise. Each contract travels as a wheel; the services are below `services`."""
