"""Whoever jams the radio, and the one who stands for evidence that a scripted pump is told of."""

from __future__ import annotations

from simulator.adversary.base import ACCESS, STRIKE, Adversary


class RfJam(Adversary):
    """A transmitter in range."""

    position = "rf-jam"
    says = "takes the carrier away, and gives it back"

    def jam(self, for_ms: int, every_ms: int = 0) -> None:
        """Take the carrier away for so long; every_ms: again and again, for half of each period, until that is over."""
        stage = self._stage
        begun = stage.now_ms
        is_up = True

        def step() -> bool:
            nonlocal is_up
            passed = stage.now_ms - begun
            over = passed >= for_ms
            up = over or (every_ms > 0 and passed % every_ms >= every_ms // 2)
            if up != is_up:
                is_up = up
                stage.world.disturb("link_up" if up else "link_down")
            return not over

        self._reach(ACCESS)
        self._reach(STRIKE)
        stage.each_tick(step)


class Evidence(Adversary):
    """Scripted: for pumps without credentials."""

    position = "pump"
    says = "brings about evidence that the pump's security layer is compromised, by whatever means"
