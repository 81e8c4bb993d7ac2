"""Programs that make documents, contracts and pictures, and one that compares decisions."""
