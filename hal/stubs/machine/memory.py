"""`machine.mem32`: registers by address, as far as the drivers use them. Another address raises."""

from hal.stubs.chip import current

WATCHDOG_SCRATCH = 0x4005_800C  # eight words, RP2040 data sheet, 4.7
PIO_IRQ = (0x5020_0030, 0x5030_0030)  # RP2040 data sheet, 3.7


class _Mem32:
    def __getitem__(self, address):
        chip = current()
        if address in PIO_IRQ:
            return 0 if chip.pio is None else chip.pio.flags[PIO_IRQ.index(address)]
        return chip.registers.get(_scratch(address), 0)

    def __setitem__(self, address, word):
        chip = current()
        if address in PIO_IRQ:  # write one to clear
            if chip.pio is not None:
                block = PIO_IRQ.index(address)
                chip.pio.set_flags(block, chip.pio.flags[block] & ~word)
            return
        chip.registers[_scratch(address)] = word & 0xFFFFFFFF


def _scratch(address):
    if not (WATCHDOG_SCRATCH <= address < WATCHDOG_SCRATCH + 32 and address % 4 == 0):
        raise RuntimeError(f"no register is modelled at {address:#x}: a real chip would have faulted, or worse")
    return address


mem32 = _Mem32()
