"""Stand-ins for a Pico's `rp2`: state machines that only hold registers, a flash in memory."""

MADE = []  # state machines, in their order


class PIO:
    OUT_LOW = 2


def asm_pio(**settings):
    return lambda function: None


class StateMachine:
    """Does the seven instructions that the drivers put in, and no program."""

    def __init__(self, number, program, **settings):
        self.x = self.y = self.osr = self.isr = self.tx = self.rx = 0
        self.words = 0
        MADE.append(self)

    def active(self, on):
        pass

    def restart(self):
        pass

    def put(self, word):
        self.tx = word

    def get(self):
        self.words -= 1
        return self.rx

    def rx_fifo(self):
        return self.words

    def exec(self, instruction):
        if instruction == 0x403E:
            self.isr = self.x & 0x3FFFFFFF
        elif instruction == 0x405E:
            self.isr = self.y & 0x3FFFFFFF
        elif instruction == 0x8000:
            self.rx = self.isr
            self.words += 1
        elif instruction == 0x8080:
            self.osr = self.tx
        elif instruction == 0xA027:
            self.x = self.osr
        elif instruction == 0xA047:
            self.y = self.osr
        elif instruction == 0xE020:
            self.x = 0
        else:
            raise ValueError(instruction)


_SECTORS = 41  # those of hal/pico/flash_store.py


class Flash:
    memory = bytearray(b"\xff" * (_SECTORS * 4096))

    def readblocks(self, block, buf, offset=0):
        start = (block + _SECTORS) * 4096 + offset
        buf[:] = memoryview(Flash.memory)[start : start + len(buf)]

    def writeblocks(self, block, buf, offset):
        start = (block + _SECTORS) * 4096 + offset
        for place in range(len(buf)):
            Flash.memory[start + place] &= buf[place]

    def ioctl(self, op, block):
        start = (block + _SECTORS) * 4096
        Flash.memory[start : start + 4096] = b"\xff" * 4096
        return 0
