"""The training loop: AdamW with warm-up and linear decay, averaged weights, checkpoints, resuming."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from .console import Interrupted, Progress, say, stop_flag
from .optimizer import AdamW, groups_of


@dataclass(frozen=True)
class Plan:
    name: str
    steps: int
    learning_rate: float
    head_learning_rate: float = 1e-3
    warmup: float = 0.1
    weight_decay: float = 0.01
    average: float = 0.0  # decay of the running average of the weights; 0 for none
    seed: int = 1


def train(model, plan: Plan, batches, loss_of, folder: Path):
    """Train `model` for plan.steps steps.

    batches: called with an epoch number, gives that epoch's batches, the same ones each time.
    loss_of: called with the model and a batch, gives the loss. Forward passes run in bfloat16 where
    PyTorch can, on fp32 weights. A run that was stopped goes on from its last checkpoint.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done, checkpoint = folder / f"{plan.name}.done.pt", folder / f"{plan.name}.checkpoint.pt"
    if done.exists():
        model.load_state_dict(torch.load(done)["model"])
        say(f"{plan.name}: already trained, reading {done.name}")
        return
    torch.manual_seed(plan.seed)
    optimizer = AdamW(groups_of(model, plan.learning_rate, plan.head_learning_rate, plan.weight_decay))
    averaged = {name: value.detach().clone() for name, value in model.named_parameters()} if plan.average else None
    step = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["rng"])
        averaged, step = saved["averaged"], saved["step"]
        say(f"{plan.name}: going on from step {step}")

    def save():
        state = dict(model=model.state_dict(), optimizer=optimizer.state_dict(), averaged=averaged, step=step)
        _write(dict(state, rng=torch.get_rng_state()), checkpoint)

    model.train()
    progress, last_save = Progress(plan.name, plan.steps), time.monotonic()
    for batch in _from_step(batches, step) if step < plan.steps else ():
        if step >= plan.steps:
            break
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = loss_of(model, batch)
        loss.backward()
        optimizer.step(_schedule(step, plan), largest_norm=1.0)
        step += 1
        if averaged is not None and step % 5 == 0:
            decay = min(plan.average**5, step / (step + 50))
            with torch.no_grad():
                for name, value in model.named_parameters():
                    averaged[name].lerp_(value, 1 - decay)
        progress.step(step, float(loss))
        if stop_flag.raised:
            save()
            raise Interrupted(f"{plan.name}: stopped at step {step}; run the same command to go on")
        if time.monotonic() - last_save > 180:
            save()
            last_save = time.monotonic()
    if averaged is not None:
        model.load_state_dict(averaged, strict=False)
    _write(dict(model=model.state_dict()), done)
    checkpoint.unlink(missing_ok=True)


def _from_step(batches, step):
    epoch = 0
    while True:
        for batch in batches(epoch):
            if step > 0:
                step -= 1
            else:
                yield batch
        epoch += 1


def _schedule(step, plan):
    warmup = max(1, int(plan.steps * plan.warmup))
    if step < warmup:
        return (step + 1) / warmup
    return max(0.0, (plan.steps - step) / max(1, plan.steps - warmup))


def _write(state, path: Path):
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    os.replace(temporary, path)
