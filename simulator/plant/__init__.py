"""The physical pump: step generator, drive, line and sensors' truths."""

from simulator.plant.config import PlantConfig
from simulator.plant.plant import DISTURBANCES, Plant

__all__ = ["DISTURBANCES", "Plant", "PlantConfig"]
