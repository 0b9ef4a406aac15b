"""What the ports are made of: one module for each technology, `port_tech`, and the store in `sql`."""
