"""The long-running members of a group, worker and projector: from a first look at the settings to the last drain."""
