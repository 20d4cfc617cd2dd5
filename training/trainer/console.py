"""Progress on standard error, and a clean stop on Ctrl-C."""

import signal
import sys
import time


class Interrupted(Exception):
    """Ctrl-C was pressed; the training loop has saved its checkpoint."""


class StopFlag:
    """Set by the first Ctrl-C; a second one stops at once."""

    def __init__(self):
        self.raised = False

    def install(self):
        signal.signal(signal.SIGINT, self._on_interrupt)
        signal.signal(signal.SIGTERM, self._on_interrupt)

    def _on_interrupt(self, *_):
        if self.raised:
            raise KeyboardInterrupt
        self.raised = True
        say("stopping after this step (press Ctrl-C again to stop at once) ...")


stop_flag = StopFlag()


def say(text: str):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


class Progress:
    """A line every few seconds: how far, how long still, and the running loss."""

    def __init__(self, name: str, total: int, every_seconds: float = 15.0):
        self.name, self.total, self.every = name, total, every_seconds
        self.started = self.last = time.monotonic()
        self.first_step = None
        self.loss = None

    def step(self, number: int, loss: float):
        if self.first_step is None:
            self.first_step = number - 1
        self.loss = loss if self.loss is None else 0.98 * self.loss + 0.02 * loss
        now = time.monotonic()
        if now - self.last >= self.every or number == self.total:
            self.last = now
            rate = (number - self.first_step) / (now - self.started)
            left = (self.total - number) / rate
            say(f"{self.name}: step {number}/{self.total}, loss {self.loss:.4f}, {left / 60:.1f} min left")
