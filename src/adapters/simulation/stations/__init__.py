"""The chargers of a simulated depot as stations of OCPP 1.6. Needs the extra `ocpp`."""
