"""Who is asking: told by the host, by a proxy, or by a password."""
