"""The firmware on the bare board: `python -m firmware`, `micropython -m firmware`, or a Pico's main.py."""

import gc
import sys

if hasattr(gc, "threshold"):
    gc.threshold(8192)  # a heap that is tidied often, also while modules are loaded, is not torn to pieces

from firmware.main import run
from hal.bare.console import Console, is_terminal
from hal.bare.desk import make_desk
from hal.bare.pacer import BarePacer
from hal.bare.panel import Panel
from hal.bare.pico import make_button, make_lamp, make_timer, on_board
from hal.bare.screen import END, Screen
from hal.compat import collect
from hal.ports import HEAD_SYRINGE, HEAD_VOLUMETRIC

HELP = """A whole infusion pump in this terminal: the firmware, and a small plant to pump with. No medical device.

    python -m firmware            the panel; the lines at its foot list the keys
    python -m firmware --demo     it plays by itself: an hour of attacks on a dose
    python -m firmware --demo --speed 60 --seconds 3600
    micropython -m firmware       the same, on the other interpreter

  --demo        play the demo, again and again, until somebody presses a key of the pump's
  --speed N     virtual time: 1, 10 or 60 times as fast as it is; 0: as fast as it goes
  --seconds N   switch off after so much virtual time (where the output is no terminal: 3600)
  --head NAME   volumetric (250 mL bag) or syringe (60 mL)
  --plain       no colours
  --help        this page

Where the output is no terminal, what happens is written line by line, as fast as it goes."""

HEADS = {"volumetric": HEAD_VOLUMETRIC, "syringe": HEAD_SYRINGE}
SPEEDS = (0, 1, 10, 60)
MOST_S = 100_000_000
HOUR_S = 3600
GONE = (5, 32)  # EIO, EPIPE: whoever read has gone
SPARING = 24_576  # bytes from one collection to the next, once all is loaded
ROOMY = 262_144  # bytes of free heap that no run of this tears


class Options:
    """What the command line said. `wrong` is what is wrong with it and what to write instead, or empty."""

    def __init__(self, arguments):
        self.demo = self.plain = self.help = False
        self.speed = -1  # not said
        self.seconds = -1
        self.head = HEAD_VOLUMETRIC
        self.wrong = ""
        words = list(arguments)
        while words and not self.wrong:
            self._take(words.pop(0), words)

    def _take(self, word, words):
        if "=" in word:
            word, value = word.split("=", 1)
            words.insert(0, value)
        if word == "--demo":
            self.demo = True
        elif word == "--plain":
            self.plain = True
        elif word == "--help" or word == "-h":
            self.help = True
        elif word == "--speed" or word == "--seconds" or word == "--head":
            self._value(word, words)
        else:
            self.wrong = "there is no option " + word + "; --help lists them"

    def _value(self, word, words):
        value = words.pop(0) if words else ""
        if word == "--head":
            if value in HEADS:
                self.head = HEADS[value]
            else:
                self.wrong = "--head is volumetric or syringe, not '" + value + "'"
            return
        number = int(value) if value.isdigit() and len(value) < 10 else -1
        if word == "--speed":
            self.speed = number
            if number not in SPEEDS:
                self.wrong = "--speed is 1, 10, 60, or 0 for as fast as it goes, not '" + value + "'"
        else:
            self.seconds = number
            if not 1 <= number <= MOST_S:
                self.wrong = "--seconds is a whole number from 1 on, not '" + value + "'"


def build(options, console, watched):
    """Return a desk whose board is ready to run; `watched`: somebody sees a screen, else lines are written."""
    desk = make_desk(options.head)
    desk.speed = options.speed if options.speed >= 0 else 1 if watched else 0
    limit_s = options.seconds if options.seconds >= 0 or watched else HOUR_S
    if watched:
        panel = Panel(desk, Screen(console.put, not options.plain))
    else:
        from hal.bare.lines import Lines  # not on a board, where somebody always sees a screen

        panel = Lines(desk, console.put_all)
    pacer = BarePacer(desk, panel, console, limit_s, make_timer if on_board() else None)
    desk.board.pacer = pacer
    if on_board():
        desk.board.lamp = make_lamp()
        pacer.button = make_button()
    if options.demo:
        desk.play()
    return desk


def play(desk):
    """Run the firmware on the desk's board, again after each reset, until it is switched off."""
    while True:
        run(desk.board)
        if not desk.after_run():
            return
        collect()


def main(arguments):
    """Run as the command line says; return an exit code."""
    options = Options(arguments)
    if hasattr(gc, "threshold"):
        gc.threshold(-1 if gc.mem_free() > ROOMY else SPARING)
    if options.wrong or options.help:
        print(HELP if options.help and not options.wrong else "firmware: " + options.wrong)
        return 2 if options.wrong else 0
    console = Console(sys.stdin, sys.stdout)
    watched = is_terminal()
    console.open()
    try:
        play(build(options, console, watched))
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.args[0] in GONE:
            return 0
        sys.stderr.write("firmware: the output takes no more: " + str(error) + "\n")
        return 1
    finally:
        console.close()
        if watched:
            console.say(END)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
