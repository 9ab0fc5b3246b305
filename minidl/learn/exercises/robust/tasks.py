"""What is checked in the exercises on attacks, continual learning and meta-learning."""

import numpy as np

from minidl.gradcheck.draws import between, integers, normal
from minidl.learn.exercise import Exercise, Gradient, Value, wrong

TITLE = "attacks, EWC, MAML"


def fgsm(x, g, eps):
    return np.clip(x + eps * np.sign(g), 0, 1)


def pgd_step(now, x, g, step, eps):
    return np.clip(np.clip(now + step * np.sign(g), x - eps, x + eps), 0, 1)


def margin(z, t, kappa):
    rows, others = np.arange(len(z)), z.copy()
    others[rows, t] = -np.inf
    return np.maximum(others.max(axis=1) - z[rows, t], -kappa)


def margin_gradient(g, z, t, kappa, stops=True):
    rows, others, dz = np.arange(len(z)), z.copy(), np.zeros_like(z)
    others[rows, t] = -np.inf
    g = g * (others.max(axis=1) - z[rows, t] > -kappa) if stops else g
    dz[rows, others.argmax(axis=1)] += g
    dz[rows, t] -= g
    return dz


def masked_by_zero(z, t, kappa):
    """The published bug: the target's logit multiplied by 0, which is no small number if all are < 0."""
    rows, others = np.arange(len(z)), z.copy()
    others[rows, t] = 0
    return np.maximum(others.max(axis=1) - z[rows, t], -kappa)


def fisher(w, x):
    p = 1 / (1 + np.exp(-x @ w))
    return np.mean((p * (1 - p))[:, None] * x**2, axis=0)


def penalty(w, a, f, strength):
    return strength / 2 * np.sum(f * (w - a) ** 2)


def symmetric(*dims):
    def draw(rng, sizes):
        m = rng.standard_normal(sizes.shape(dims))
        return (m + m.T) / 2

    return draw


def adapted(w, A, b, alpha):
    return w - alpha * (A @ w - b)


def meta_gradient(w, A, b, c, alpha):
    return (np.eye(len(w)) - alpha * A) @ (adapted(w, A, b, alpha) - c)


X, G = between(0, 1, "N", "D"), normal("N", "D")
LOGITS = {"z": lambda rng, sizes: rng.standard_normal(sizes.shape(("N", "K"))) - 3,
          "t": integers("K", "N"), "kappa": 0.5}  # fmt: skip
QUADRATIC = {"w": normal("D"), "A": symmetric("D", "D"), "b": normal("D"), "c": normal("D"), "alpha": 0.3}

EXERCISES = [
    Exercise(
        "fgsm", "FGSM, and one step of PGD", points=3, page="rows `fgsm`, `pgd`, `ifgsm-bim`",
        hints=(
            "An attack climbs the loss: plus the sign of the gradient.",
            "The ball is around x, the image that is attacked, not around the last point.",
            "First the ball, then [0, 1]: two clips, one inside of the other.",
        ),
        checks=(
            Value("fgsm", fgsm, {"x": X, "g": G, "eps": 0.1}, (
                wrong("downhill", "the step goes down: it makes the image easier to classify",
                      lambda x, g, eps: fgsm(x, -g, eps)),
                wrong("not-clipped", "the image leaves [0, 1]", lambda x, g, eps: x + eps * np.sign(g)),
                wrong("gradient-for-sign", "the gradient itself is added, not its sign",
                      lambda x, g, eps: np.clip(x + eps * g, 0, 1)),
            )),
            Value("pgd_step", pgd_step, {"now": X, "x": X, "g": G, "step": 0.2, "eps": 0.1}, (
                wrong("around-now", "the ball is put around the last point, so that it wanders off",
                      lambda now, x, g, step, eps: pgd_step(now, now, g, step, eps)),
                wrong("not-projected", "the point is not brought back into the ball",
                      lambda now, x, g, step, eps: np.clip(now + step * np.sign(g), 0, 1)),
                wrong("starts-over", "the step starts at x and not at the last point",
                      lambda now, x, g, step, eps: pgd_step(x, x, g, step, eps)),
            )),
        ),
    ),
    Exercise(
        "carlini_wagner", "Carlini and Wagner's margin", points=4, page="row `cw-l2`",
        hints=(
            "Copy the logits and put -inf at the target of each row: z[rows, t].",
            "The gradient is +g at the best other class and -g at the target.",
            "Where f stops at -kappa the gradient is zero, for the whole row.",
        ),
        checks=(
            Value("margin", margin, LOGITS, (
                wrong("masked-by-zero", "the target's logit is put to 0, which is the largest if all "
                      "are negative (a bug of several libraries)", masked_by_zero),
                wrong("target-included", "the target itself takes part in the maximum",
                      lambda z, t, kappa: np.maximum(z.max(axis=1) - z[np.arange(len(z)), t], -kappa)),
                wrong("sign", "the sign is wrong: that is the untargeted margin",
                      lambda z, t, kappa: np.maximum(-margin(z, t, 1e9), -kappa)),
            )),
            Gradient("margin_backward", margin, LOGITS, (
                wrong("never-stops", "the gradient goes on where f is held at -kappa",
                      lambda g, y, z, t, kappa: margin_gradient(g, z, t, kappa, stops=False)),
                wrong("sign", "the signs are exchanged",
                      lambda g, y, z, t, kappa: -margin_gradient(g, z, t, kappa)),
            )),
        ),
    ),
    Exercise(
        "fisher", "the diagonal of the Fisher information", points=3, page="row `fisher-diag`",
        hints=(
            "d log p(1|x)/dw = (1 - p) x and d log p(0|x)/dw = -p x. Square each, and weigh it by "
            "the probability of its class.",
            "p (1 - p)^2 + (1 - p) p^2 = p (1 - p).",
            "Each example's p (1 - p) times its x squared; then the mean over the examples.",
        ),
        checks=(
            Value("fisher_diagonal", fisher, {"w": normal("D"), "x": normal("N", "D")}, (
                wrong("sum-for-mean", "the examples are summed, not averaged",
                      lambda w, x: len(x) * fisher(w, x)),
                wrong("one-class", "only class 1 is counted",
                      lambda w, x: np.mean((1 / (1 + np.exp(-x @ w)) * (1 - 1 / (1 + np.exp(-x @ w))) ** 2
                                            )[:, None] * x**2, axis=0)),
                wrong("square-of-mean", "the examples are averaged before they are squared",
                      lambda w, x: np.mean(np.sqrt(1 / (1 + np.exp(-x @ w)) * (
                          1 - 1 / (1 + np.exp(-x @ w))))[:, None] * x, axis=0) ** 2),
            )),
        ),
    ),
    Exercise(
        "ewc", "elastic weight consolidation", points=2, page="row `ewc-penalty`",
        hints=(
            "The square's 2 and the 1/2 in front cancel.",
            "By a the gradient is minus that by w.",
            "By F_d it is lambda/2 times the squared distance.",
        ),
        checks=(
            Gradient("ewc_backward", penalty, {"w": normal("D"), "a": normal("D"),
                                               "f": between(0.1, 2, "D"), "strength": 3.0}, (
                wrong("half", "the 1/2 stays although the square was differentiated",
                      lambda g, y, w, a, f, s: (g * s / 2 * f * (w - a), -g * s / 2 * f * (w - a),
                                                g * s / 2 * (w - a) ** 2)),
                wrong("pushed-away", "the springs push away from a",
                      lambda g, y, w, a, f, s: (-g * s * f * (w - a), g * s * f * (w - a),
                                                g * s / 2 * (w - a) ** 2)),
                wrong("same-springs", "F is left out: all springs are alike",
                      lambda g, y, w, a, f, s: (g * s * (w - a), -g * s * (w - a),
                                                g * s / 2 * (w - a) ** 2)),
            )),
        ),
    ),
    Exercise(
        "maml", "the meta-gradient of MAML", points=4, page="rows `maml`, `maml-jacobian`, `fomaml`",
        fast=True,
        hints=(
            "M depends on w through w'. What is the derivative of w' by w?",
            "w' = (I - alpha A) w + alpha b: a linear map, and its Jacobian stands in the formula.",
            "First w', then its distance from c, then multiply by I - alpha A.",
        ),
        checks=(
            Value("meta_gradient", meta_gradient, QUADRATIC, (
                wrong("first-order", "the Jacobian of the inner step is left out: first-order MAML",
                      lambda w, A, b, c, alpha: adapted(w, A, b, alpha) - c),
                wrong("not-adapted", "the outer gradient is taken at w, not at w'",
                      lambda w, A, b, c, alpha: (np.eye(len(w)) - alpha * A) @ (w - c)),
                wrong("sign", "the Jacobian is taken to be I + alpha A",
                      lambda w, A, b, c, alpha: (np.eye(len(w)) + alpha * A) @ (
                          adapted(w, A, b, alpha) - c)),
            )),
        ),
    ),
]  # fmt: skip
