"""Rows of losses and distances.

Targets are constants where PyTorch does not differentiate by them.
"""

import numpy as np

from .table import Constant, Row

REDUCTIONS = ("none", "sum", "mean")


def loss(name, make, inputs):
    """Rows of a loss with each reduction; `make` is given the namespace and the reduction."""

    def row(reduction):
        return Row(f"{name} {reduction}", lambda nn: make(nn, reduction), inputs)

    return [row(reduction) for reduction in REDUCTIONS]


def indices(*shape, classes=5, ignored=-100):
    """Logits with classes on axis 1, and targets, the second of which is to be ignored."""

    def draw(d):
        t = d.integers(classes, *shape)
        t.flat[1] = ignored
        return d.real(shape[0], classes, *shape[1:]), t

    return draw


def weighted(inputs, *shape):
    """The inputs of another row, and a constant positive weight of this shape."""
    return lambda d: (*inputs(d), Constant(d.positive(*shape)))


def pair(d):
    """Prediction and target, both differentiated."""
    return d.real(4, 3), d.real(4, 3)


def labels(d):
    """Scores of classes, and rows of label numbers that end with -1."""
    labels = d.integers(1, 3, 5)
    labels[0], labels[1], labels[2] = [3, 0, -1, 1, 4], [1, 2, 3, 4, 0], [-1, 2, -1, 0, 0]
    return d.real(3, 5), labels


CLASSES = [
    *loss("cross_entropy", lambda nn, r: lambda x, t: nn.functional.cross_entropy(x, t, reduction=r), indices(4)),
    *loss("cross_entropy weight", lambda nn, r: lambda x, t, w: nn.functional.cross_entropy(x, t, w, reduction=r), weighted(indices(4), 5)),
    *loss("cross_entropy smooth", lambda nn, r: lambda x, t: nn.functional.cross_entropy(x, t, reduction=r, label_smoothing=0.3), indices(4)),
    *loss("cross_entropy all", lambda nn, r: lambda x, t, w: nn.functional.cross_entropy(x, t, w, ignore_index=2, reduction=r, label_smoothing=0.2), weighted(indices(3, 2, 2, ignored=2), 5)),
    *loss("cross_entropy image", lambda nn, r: lambda x, t: nn.functional.cross_entropy(x, t, reduction=r), indices(2, 3, 2)),
    *loss("cross_entropy shares", lambda nn, r: lambda x, t: nn.functional.cross_entropy(x, t, reduction=r), lambda d: (d.real(4, 5), d.shares(4, 5))),
    *loss("cross_entropy shares all", lambda nn, r: lambda x, t, w: nn.functional.cross_entropy(x, t, w, reduction=r, label_smoothing=0.2), lambda d: (d.real(2, 5, 3), d.shares(2, 5, 3), Constant(d.positive(5)))),
    Row("cross_entropy one", lambda nn: nn.functional.cross_entropy, lambda d: (d.real(5), d.integers(5))),
    *loss("nll_loss", lambda nn, r: lambda x, t: nn.functional.nll_loss(x, t, reduction=r), indices(4)),
    *loss("nll_loss weight", lambda nn, r: lambda x, t, w: nn.functional.nll_loss(x, t, w, ignore_index=1, reduction=r), weighted(indices(3, 2, ignored=1), 5)),
    *loss("multi_margin_loss", lambda nn, r: lambda x, t: nn.functional.multi_margin_loss(x, t, reduction=r), lambda d: (d.real(4, 5), d.integers(5, 4))),
    *loss("multi_margin_loss p2", lambda nn, r: lambda x, t, w: nn.functional.multi_margin_loss(x, t, 2, 0.6, w, reduction=r), lambda d: (d.real(4, 5), d.integers(5, 4), Constant(d.positive(5)))),
    *loss("multilabel_margin_loss", lambda nn, r: lambda x, t: nn.functional.multilabel_margin_loss(x, t, reduction=r), labels),
    *loss("multilabel_soft_margin_loss", lambda nn, r: lambda x, t: nn.functional.multilabel_soft_margin_loss(x, t, reduction=r), lambda d: (d.real(4, 5), d.integers(2, 4, 5) * 1.0)),
    *loss("multilabel_soft_margin_loss weight", lambda nn, r: lambda x, t, w: nn.functional.multilabel_soft_margin_loss(x, t, w, reduction=r), lambda d: (d.real(4, 5), d.unit(4, 5), Constant(d.positive(5)))),
]  # fmt: skip

YES_NO = [
    *loss("binary_cross_entropy", lambda nn, r: lambda x, t: nn.functional.binary_cross_entropy(x, t, reduction=r), lambda d: (d.unit(4, 3), d.unit(4, 3))),
    *loss("binary_cross_entropy weight", lambda nn, r: lambda x, t, w: nn.functional.binary_cross_entropy(x, t, w, reduction=r), lambda d: (d.unit(4, 3), d.unit(4, 3), Constant(d.positive(3)))),
    *loss("binary_cross_entropy_with_logits", lambda nn, r: lambda x, t: nn.functional.binary_cross_entropy_with_logits(x, t, reduction=r), lambda d: (5 * d.real(4, 3), d.unit(4, 3))),
    *loss("binary_cross_entropy_with_logits weight", lambda nn, r: lambda x, t, w, p: nn.functional.binary_cross_entropy_with_logits(x, t, w, reduction=r, pos_weight=p), lambda d: (5 * d.real(4, 3), d.unit(4, 3), Constant(d.positive(4, 1)), Constant(d.positive(3)))),
]  # fmt: skip

REGRESSION = [
    *loss("mse_loss", lambda nn, r: lambda x, t: nn.functional.mse_loss(x, t, reduction=r), pair),
    *loss("mse_loss weight", lambda nn, r: lambda x, t, w: nn.functional.mse_loss(x, t, reduction=r, weight=w), weighted(pair, 4, 3)),
    *loss("l1_loss", lambda nn, r: lambda x, t: nn.functional.l1_loss(x, t, reduction=r), pair),
    *loss("l1_loss weight", lambda nn, r: lambda x, t, w: nn.functional.l1_loss(x, t, reduction=r, weight=w), weighted(pair, 4, 3)),
    *loss("huber_loss", lambda nn, r: lambda x, t: nn.functional.huber_loss(x, t, r, 0.7), pair),
    *loss("huber_loss weight", lambda nn, r: lambda x, t, w: nn.functional.huber_loss(x, t, r, weight=w), weighted(pair, 4, 3)),
    *loss("smooth_l1_loss", lambda nn, r: lambda x, t: nn.functional.smooth_l1_loss(x, t, reduction=r), pair),
    *loss("smooth_l1_loss beta", lambda nn, r: lambda x, t: nn.functional.smooth_l1_loss(x, t, reduction=r, beta=0.4), pair),
    *loss("smooth_l1_loss beta0", lambda nn, r: lambda x, t: nn.functional.smooth_l1_loss(x, t, reduction=r, beta=0.0), pair),
]  # fmt: skip

DISTRIBUTIONS = [
    *loss("kl_div", lambda nn, r: lambda x, t: nn.functional.kl_div(x, t, reduction=r), lambda d: (d.real(4, 3), d.shares(4, 3))),
    *loss("kl_div log", lambda nn, r: lambda x, t: nn.functional.kl_div(x, t, reduction=r, log_target=True), pair),
    Row("kl_div batchmean", lambda nn: lambda x, t: nn.functional.kl_div(x, t, reduction="batchmean"), lambda d: (d.real(4, 3), d.shares(4, 3))),
    *loss("gaussian_nll_loss", lambda nn, r: lambda x, t, v: nn.functional.gaussian_nll_loss(x, t, v, reduction=r), lambda d: (d.real(4, 3), d.real(4, 3), d.positive(4, 3))),
    *loss("gaussian_nll_loss full", lambda nn, r: lambda x, t, v: nn.functional.gaussian_nll_loss(x, t, v, full=True, eps=0.01, reduction=r), lambda d: (d.real(4, 3), d.real(4, 3), d.positive(4))),
    *loss("gaussian_nll_loss number", lambda nn, r: lambda x, t: nn.functional.gaussian_nll_loss(x, t, 0.7, reduction=r), pair),
    *loss("poisson_nll_loss", lambda nn, r: lambda x, t: nn.functional.poisson_nll_loss(x, t, reduction=r), lambda d: (d.real(4, 3), Constant(d.integers(6, 4, 3) * 1.0))),
    *loss("poisson_nll_loss full", lambda nn, r: lambda x, t: nn.functional.poisson_nll_loss(x, t, False, True, eps=0.01, reduction=r), lambda d: (d.positive(4, 3), Constant(d.integers(6, 4, 3) * 1.0))),
]  # fmt: skip

EMBEDDINGS = [
    *loss("hinge_embedding_loss", lambda nn, r: lambda x, t: nn.functional.hinge_embedding_loss(x, t, reduction=r), lambda d: (d.positive(4, 3), Constant(d.signs(4, 3)))),
    *loss("hinge_embedding_loss margin", lambda nn, r: lambda x, t: nn.functional.hinge_embedding_loss(x, t, 0.5, reduction=r), lambda d: (d.positive(4, 3), Constant(d.signs(4, 3)))),
    *loss("soft_margin_loss", lambda nn, r: lambda x, t: nn.functional.soft_margin_loss(x, t, reduction=r), lambda d: (d.real(4, 3), Constant(d.signs(4, 3)))),
    *loss("margin_ranking_loss", lambda nn, r: lambda x, y, t: nn.functional.margin_ranking_loss(x, y, t, 0.4, reduction=r), lambda d: (d.real(7), d.real(7), Constant(d.signs(7)))),
    *loss("cosine_embedding_loss", lambda nn, r: lambda x, y, t: nn.functional.cosine_embedding_loss(x, y, t, -0.2, reduction=r), lambda d: (d.real(6, 3), d.real(6, 3), Constant(d.signs(6)))),
    *loss("triplet_margin_loss", lambda nn, r: lambda a, p, n: nn.functional.triplet_margin_loss(a, p, n, reduction=r), lambda d: (d.real(4, 3), d.real(4, 3), d.real(4, 3))),
    *loss("triplet_margin_loss swap", lambda nn, r: lambda a, p, n: nn.functional.triplet_margin_loss(a, p, n, 0.5, 3.0, 1e-3, True, reduction=r), lambda d: (d.real(4, 3), d.real(4, 3), d.real(4, 3))),
    *loss("triplet_margin_with_distance_loss", lambda nn, r: lambda a, p, n: nn.functional.triplet_margin_with_distance_loss(a, p, n, distance_function=nn.PairwiseDistance(1.0), margin=0.8, swap=True, reduction=r), lambda d: (d.real(4, 3), d.real(4, 3), d.real(4, 3))),
    Row("normalize", lambda nn: nn.functional.normalize, lambda d: (d.real(2, 3, 4),)),
    Row("normalize p1", lambda nn: lambda x: nn.functional.normalize(x, 1.0, dim=-1), lambda d: (d.real(3, 4),)),
    Row("normalize inf", lambda nn: lambda x: nn.functional.normalize(x, float("inf"), dim=0), lambda d: (d.real(3, 4),)),
    Row("pairwise_distance", lambda nn: nn.functional.pairwise_distance, pair),
    Row("pairwise_distance p3", lambda nn: lambda x, y: nn.functional.pairwise_distance(x, y, 3.0, 0.1, keepdim=True), pair),
    Row("cosine_similarity", lambda nn: nn.functional.cosine_similarity, pair),
    Row("cosine_similarity first", lambda nn: lambda x, y: nn.functional.cosine_similarity(x, y, 0, 1e-3), pair),
]  # fmt: skip


def spoken(d):
    """Log-probabilities of 4 labels over 5 steps, and targets with repetitions, one empty."""
    targets = np.array([[1, 1, 2], [3, 0, 0], [2, 3, 2], [0, 0, 0]])
    return d.real(5, 4, 4), targets, np.array([5, 3, 4, 2]), np.array([3, 1, 3, 0])


def ctc(reduction="mean", **options):
    """PyTorch's gradient is that behind log_softmax."""
    return lambda nn: (
        lambda x, *more: nn.functional.ctc_loss(
            nn.functional.log_softmax(x, -1), *more, reduction=reduction, **options
        )
    )


SEQUENCES = [
    *loss("ctc_loss", lambda nn, r: ctc(r)(nn), spoken),
    Row("ctc_loss joined", ctc(blank=3), lambda d: (d.real(5, 2, 4), np.array([1, 1, 2, 0]), np.array([4, 5]), np.array([3, 1]))),
    Row("ctc_loss unbatched", ctc("sum"), lambda d: (d.real(4, 3), np.array([2, 1]), np.array(4), np.array(2))),
    Row("ctc_loss impossible", ctc("none", zero_infinity=True), lambda d: (d.real(3, 2, 4), np.array([[1, 1, 2], [1, 2, 3]]), np.array([3, 3]), np.array([3, 3]))),
]  # fmt: skip

MODULES = [
    Row("CTCLoss", lambda nn: nn.CTCLoss(blank=1), lambda d: (Constant(np.log(d.shares(2, 4, 3)).transpose(0, 2, 1)), np.array([[2, 0]] * 3), np.array([2, 2, 2]), np.array([2, 1, 0])), detached=True),
    Row("CrossEntropyLoss", lambda nn: nn.CrossEntropyLoss(ignore_index=3, label_smoothing=0.1), indices(4, ignored=3)),
    Row("NLLLoss", lambda nn: nn.NLLLoss(reduction="sum"), indices(4)),
    Row("BCELoss", lambda nn: nn.BCELoss(), lambda d: (d.unit(4, 3), d.unit(4, 3))),
    Row("BCEWithLogitsLoss", lambda nn: nn.BCEWithLogitsLoss(), lambda d: (d.real(4, 3), d.unit(4, 3))),
    Row("MultiMarginLoss", lambda nn: nn.MultiMarginLoss(2, 0.5), lambda d: (d.real(4, 5), d.integers(5, 4))),
    Row("MultiLabelMarginLoss", lambda nn: nn.MultiLabelMarginLoss(), labels),
    Row("MultiLabelSoftMarginLoss", lambda nn: nn.MultiLabelSoftMarginLoss(), lambda d: (d.real(4, 5), d.unit(4, 5))),
    Row("MSELoss", lambda nn: nn.MSELoss(), pair),
    Row("L1Loss", lambda nn: nn.L1Loss(reduction="none"), pair),
    Row("HuberLoss", lambda nn: nn.HuberLoss("sum", 0.4), pair),
    Row("SmoothL1Loss", lambda nn: nn.SmoothL1Loss(beta=2.0), pair),
    Row("KLDivLoss", lambda nn: nn.KLDivLoss(reduction="batchmean", log_target=True), pair),
    Row("GaussianNLLLoss", lambda nn: nn.GaussianNLLLoss(full=True), lambda d: (d.real(4, 3), d.real(4, 3), d.positive(4, 1))),
    Row("PoissonNLLLoss", lambda nn: nn.PoissonNLLLoss(full=True), lambda d: (d.real(4, 3), Constant(d.integers(4, 4, 3) * 1.0))),
    Row("SoftMarginLoss", lambda nn: nn.SoftMarginLoss(), lambda d: (d.real(4, 3), Constant(d.signs(4, 3)))),
    Row("HingeEmbeddingLoss", lambda nn: nn.HingeEmbeddingLoss(0.7), lambda d: (d.positive(4, 3), Constant(d.signs(4, 3)))),
    Row("MarginRankingLoss", lambda nn: nn.MarginRankingLoss(0.3), lambda d: (d.real(7), d.real(7), Constant(d.signs(7)))),
    Row("CosineEmbeddingLoss", lambda nn: nn.CosineEmbeddingLoss(0.1), lambda d: (d.real(5, 3), d.real(5, 3), Constant(d.signs(5)))),
    Row("TripletMarginLoss", lambda nn: nn.TripletMarginLoss(p=1.0), lambda d: (d.real(4, 3), d.real(4, 3), d.real(4, 3))),
    Row("TripletMarginWithDistanceLoss", lambda nn: nn.TripletMarginWithDistanceLoss(margin=2.0), lambda d: (d.real(4, 3), d.real(4, 3), d.real(4, 3))),
    Row("CosineSimilarity", lambda nn: nn.CosineSimilarity(0), pair),
    Row("PairwiseDistance", lambda nn: nn.PairwiseDistance(keepdim=True), pair),
]  # fmt: skip

ROWS = CLASSES + YES_NO + REGRESSION + DISTRIBUTIONS + EMBEDDINGS + SEQUENCES + MODULES
