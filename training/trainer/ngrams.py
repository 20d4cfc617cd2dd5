"""A linear topic model over word pieces and pairs of neighbouring pieces, as cheap as reading the text.

Logistic regression on tf-idf weights; pairs fall into buckets by a hash. Its table has a row for each feature:
the weight of each label, and the square of the feature's idf, from whose sum the length of the text's vector
is taken. So the whole model is a sum of table rows, which ONNX can do.
"""

import numpy as np
import torch

BUCKETS = 1 << 17
FIRST_FACTOR, SECOND_FACTOR = 7919, 104729


def features_of(ids: np.ndarray, vocabulary: int) -> np.ndarray:
    """The numbers of the rows that a window's pieces and pairs take."""
    pairs = (ids[:-1] * FIRST_FACTOR + ids[1:] * SECOND_FACTOR) % BUCKETS
    return np.concatenate([ids, vocabulary + pairs])


def fit(examples, labels, vocabulary: int, classes: int, penalty: float, iterations: int = 40, smoothing: float = 0.0):
    """The table (features, classes + 1) and the bias of a logistic regression on (ids) rows.

    penalty: of the squared weights, for the mean loss of a row.
    """
    size = vocabulary + BUCKETS
    rows, columns = [], []
    for number, ids in enumerate(examples):
        found = features_of(ids, vocabulary)
        rows.append(np.full(len(found), number))
        columns.append(found)
    rows, columns = np.concatenate(rows), np.concatenate(columns)
    pairs = np.unique(rows.astype(np.int64) * size + columns)
    seen = np.bincount(pairs % size, minlength=size)
    idf = np.log((1 + len(examples)) / (1 + seen)) + 1
    idf[seen == 0] = 0
    squares = np.bincount(rows, weights=idf[columns] ** 2, minlength=len(examples))
    values = (idf[columns] / np.sqrt(np.maximum(squares[rows], 1.0))).astype(np.float32)
    index = torch.from_numpy(np.stack([rows, columns]))
    matrix = torch.sparse_coo_tensor(index, torch.from_numpy(values), (len(examples), size)).coalesce()
    turned = matrix.t().coalesce().to_sparse_csr()
    matrix = matrix.to_sparse_csr()
    target = torch.full((len(labels), classes), smoothing / classes)
    target[torch.arange(len(labels)), torch.from_numpy(np.asarray(labels))] += 1 - smoothing
    weight, bias = torch.zeros(size, classes, requires_grad=True), torch.zeros(classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=iterations, history_size=6, line_search_fn="strong_wolfe")

    def closure():
        with torch.no_grad():
            scores = matrix @ weight + bias
            likely = torch.log_softmax(scores, dim=1)
            loss = -(target * likely).sum() / len(labels) + penalty * weight.pow(2).sum()
            slope = (likely.exp() - target) / len(labels)
            weight.grad, bias.grad = turned @ slope + 2 * penalty * weight, slope.sum(0)
        return loss

    optimizer.step(closure)
    table = np.concatenate([weight.detach().numpy() * idf[:, None], (idf**2)[:, None]], axis=1)
    return table.astype(np.float32), bias.detach().numpy()


def logits_of(ids: np.ndarray, table: np.ndarray, bias: np.ndarray) -> np.ndarray:
    total = table[features_of(ids, len(table) - BUCKETS)].astype(np.float16).astype(np.float32).sum(axis=0)
    return total[:-1] / np.sqrt(max(total[-1], 1.0)) + bias
