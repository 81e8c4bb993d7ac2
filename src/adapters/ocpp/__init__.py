"""OCPP 1.6-J: chargers over websockets, through a gateway that speaks by messages alone (DEPOT-4)."""
