"""The operator's page: a shell and its assets, which hold nothing; what the page shows it asks of the HTTP API."""
