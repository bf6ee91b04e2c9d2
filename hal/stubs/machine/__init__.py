"""`machine` as an RP2040 has it, part by part. Misuse raises what MicroPython raises."""

from hal.stubs.machine.adc import ADC
from hal.stubs.machine.i2c import I2C
from hal.stubs.machine.memory import mem32
from hal.stubs.machine.pin import Pin
from hal.stubs.machine.pwm import PWM
from hal.stubs.machine.spi import SPI
from hal.stubs.machine.system import PWRON_RESET, WDT_RESET, freq, reset, reset_cause
from hal.stubs.machine.timer import Timer
from hal.stubs.machine.uart import UART
from hal.stubs.machine.wdt import WDT

__all__ = [
    "ADC",
    "I2C",
    "PWM",
    "PWRON_RESET",
    "SPI",
    "UART",
    "WDT",
    "WDT_RESET",
    "Pin",
    "Timer",
    "freq",
    "mem32",
    "reset",
    "reset_cause",
]
