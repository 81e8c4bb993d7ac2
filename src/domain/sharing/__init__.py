"""Who gets what: ranks, the exact fill, what of it may be sent now, the certificate, the plan."""
