"""HTTP, a module an audience: parse, call a flow, answer."""
