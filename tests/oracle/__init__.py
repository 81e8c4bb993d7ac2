"""A second, independent reading of the contract in rationals. Imports nothing of src."""
