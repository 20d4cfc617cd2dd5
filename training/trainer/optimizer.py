"""AdamW for a CPU: goes over the weights in pieces that stay in the cache, and over the word embeddings by rows.

Half of an encoder is word embeddings, of which a batch holds few: only those rows are touched (their gradients are
sparse). Together with the pieces this takes a third off a training step.
"""

import torch
from torch import nn

PIECE = 1 << 16


class AdamW:
    """Loshchilov and Hutter 2019. groups: (parameters, learning rate, weight decay) each."""

    def __init__(self, groups, betas=(0.9, 0.98), eps=1e-6):
        self.groups, self.betas, self.eps, self.count = groups, betas, eps, 0
        self.moments = [[(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters] for parameters, _, _ in groups]

    def state_dict(self):
        return dict(count=self.count, moments=self.moments)

    def load_state_dict(self, state):
        self.count, self.moments = state["count"], state["moments"]

    @torch.no_grad()
    def step(self, factor: float, largest_norm: float):
        """One step with learning rates times `factor`, gradients scaled so that their norm is at most `largest_norm`."""
        self.count += 1
        scale = min(1.0, largest_norm / (self._norm() + 1e-6))
        for (parameters, rate, decay), moments in zip(self.groups, self.moments):
            for parameter, (mean, square) in zip(parameters, moments):
                gradient, parameter.grad = parameter.grad, None
                if gradient is None:
                    continue
                if gradient.is_sparse:
                    rows = gradient.indices()[0]
                    parts = [table[rows] for table in (parameter, mean, square)]
                    self._update(*parts, gradient.values(), scale, rate * factor, 0.0)
                    for table, part in zip((parameter, mean, square), parts):
                        table[rows] = part
                else:
                    flat = [tensor.view(-1).split(PIECE) for tensor in (parameter, mean, square)]
                    for pieces in zip(*flat, gradient.reshape(-1).split(PIECE)):
                        self._update(*pieces, scale, rate * factor, decay)

    def _update(self, weights, mean, square, gradient, scale, rate, decay):
        one, two = self.betas
        mean.mul_(one).add_(gradient, alpha=(1 - one) * scale)
        square.mul_(two).addcmul_(gradient, gradient, value=(1 - two) * scale * scale)
        root = square.sqrt().mul_((1 - two**self.count) ** -0.5).add_(self.eps)
        if decay:
            weights.mul_(1 - rate * decay)
        weights.addcdiv_(mean, root, value=-rate / (1 - one**self.count))

    def _norm(self) -> float:
        norms = []
        for parameters, _, _ in self.groups:
            for parameter in parameters:
                if parameter.grad is not None:
                    if parameter.grad.is_sparse:
                        parameter.grad = parameter.grad.coalesce()
                        norms.append(parameter.grad.values().norm())
                    else:
                        norms.append(parameter.grad.norm())
        return float(torch.stack(norms).norm())


def groups_of(model: nn.Module, learning_rate: float, head_learning_rate: float, weight_decay: float):
    """Heads learn faster than the pretrained encoder; norms and biases do not decay."""
    groups = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            pretrained = "encoder." in name and "token_type" not in name
            key = (learning_rate if pretrained else head_learning_rate, weight_decay if parameter.ndim > 1 else 0.0)
            groups.setdefault(key, []).append(parameter)
    return [(parameters, *key) for key, parameters in groups.items()]
