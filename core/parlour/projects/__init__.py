"""Projects: the tenants, who works in them, and which websites are theirs."""
