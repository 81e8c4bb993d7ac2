"""What is configured: units and ids, a site's rows and settings, their faults, the tree of power nodes they make."""
