"""`machine` as an RP2040 has it, part by part. Misuse raises what MicroPython raises."""

from hal.stubs.machine.adc import ADC
from hal.stubs.machine.i2c import I2C
from hal.stubs.machine.pin import Pin
from hal.stubs.machine.pwm import PWM
from hal.stubs.machine.spi import SPI
from hal.stubs.machine.uart import UART

__all__ = ["ADC", "I2C", "PWM", "SPI", "UART", "Pin"]
