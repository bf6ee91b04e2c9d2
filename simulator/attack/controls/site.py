"""Controls of the site around the pump: who may reach it. The scenario's stage does without them."""

from __future__ import annotations

from simulator.attack.controls.base import Control

CONTROLS = (
    Control(
        "client-certificate", "network", "The broker asks every client for a certificate of the site's (mutual TLS).",
        "Whoever reaches the broker may connect, under any name.", "simulator/site/mosquitto.py", at_site=True,
    ),
    Control(
        "server-certificate", "network", "Pump and terminals check the broker's certificate against the site's.",
        "They speak to whatever answers under the broker's name.", "firmware/comms/mqtt.py", at_site=True,
    ),
    Control(
        "broker-acl", "network", "The broker lets each client write and read its own topics alone.",
        "Every client writes and reads every topic.", "simulator/site/mosquitto.py", at_site=True,
    ),
    Control(
        "retained-ignored", "network", "The pump takes no retained message for a request.",
        "What the broker kept is a request again at each connection.", "firmware/comms/mqtt.py", at_site=True,
    ),
)  # fmt: skip
