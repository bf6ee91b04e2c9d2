"""A guardian that watches nothing: what a pump without a second channel is."""


class NoGuardian:
    """Lets everything through."""

    def __init__(self, head=0):
        self.tripped = 0

    def offer(self, data, step_volume):
        return True

    def offer_titration(self, rate_ul_h):
        pass

    def restore(self, data, step_volume, past):
        return True

    def watch(self, now_ms, r, drive, controller):
        pass
