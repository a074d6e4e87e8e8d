"""HTTP: a polite client, the only code that opens sockets to the web, and what its answers say."""
