"""What people do, a module each: one transaction, then the nudges."""
