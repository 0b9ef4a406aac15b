"""What is true whatever the transport and the database: pure values and their moves."""
