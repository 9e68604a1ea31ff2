"""What HTTP and the wire names mean: the only package that knows either."""
