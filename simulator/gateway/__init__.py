"""The far end of the pumps: an operator's client and a small hospital gateway, over MQTT with mutual TLS.

Neither can change a dose: what they ask for waits at the bedside. `operator.OperatorClient`, `gateway.Gateway`.
"""
