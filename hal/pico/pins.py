"""Which GPIO of the Pico goes where. The one place: drawings, tables and drivers take it from here.

GP23, GP24 and GP29 belong to the Pico itself (on a Pico W to its radio); GP25 is the Pico's LED.
"""

from hal.compat import const

# Link: UART 0 to whatever carries the network where there is no Wi-Fi.
LINK_TX = const(0)
LINK_RX = const(1)

# Drive: stepper driver with STEP, DIR and an active-low ENABLE.
STEP = const(2)
DIR = const(3)
DRIVER_OFF = const(6)

# I2C 0: RTC, display, two port expanders (keypad, switches).
I2C_SDA = const(4)
I2C_SCL = const(5)

# Hardware gate: high while Stop is up, the door is shut and no air is seen (an AND gate outside the chip).
GATE = const(7)
# The same three, each for itself, so that the alarm can name the cause.
STOP = const(8)  # low while pressed: the key breaks the circuit
DOOR = const(9)  # low while open
AIR = const(10)  # low while air is seen

# Motor-power relay: drives the coil through the gate outside the chip.
RELAY = const(11)

# Drive encoder, quadrature.
ENCODER_A = const(12)
ENCODER_B = const(13)

# Sounder and lamp.
SOUNDER = const(14)
LAMP_RED = const(15)
LAMP_YELLOW = const(21)
LAMP_CYAN = const(22)

# SPI 0: card reader.
SPI_MISO = const(16)
CARD_SELECT = const(17)
SPI_SCK = const(18)
SPI_MOSI = const(19)
CARD_RESET = const(20)

# Analogue.
PRESSURE = const(26)  # line pressure towards the patient
PLUNGER = const(27)  # plunger's position
BATTERY = const(28)  # through a divider

# On the expanders: bit numbers.
SWITCH_KEY = const(0)  # key switch turned
SWITCH_CLAMP = const(1)  # barrel clamp lifted
SWITCH_PLUNGER = const(2)  # plunger not in the driver
SWITCH_MAINS = const(3)
SWITCH_MOTOR_FAULT = const(4)  # the driver's own fault output

# Addresses on I2C 0.
RTC_ADDRESS = const(0x68)
DISPLAY_ADDRESS = const(0x3C)
KEYPAD_ADDRESS = const(0x20)
SWITCHES_ADDRESS = const(0x21)
