"""Makes the pages of the documentation that list what commands, contracts and settings say of themselves."""
