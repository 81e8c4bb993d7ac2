"""A world not written with the rules: chargers with habits, links, meters, buildings, workers that are replaced.

It knows the domain by its public interface alone and counts by itself what is permitted. A `Depot` is data; `play`
plays it second by second; `python -m tests.worlds` plays thousands.
"""
