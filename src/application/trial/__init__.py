"""The trial of a gateway: scripted cycles, and what the gateway and its chargers make of them (DEPOT-3)."""
