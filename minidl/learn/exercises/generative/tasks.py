"""What is checked in the exercises on generative models."""

import numpy as np

from minidl.gradcheck.draws import between, normal
from minidl.learn.exercise import Exercise, Gradient, Value, wrong

TITLE = "KL, reparameterisation, GAN losses, diffusion"


def gaussian_kl(m, s):
    return -0.5 * (1 + s - m**2 - np.exp(s)).sum(axis=1)


def sample(m, s, epsilon):
    return m + np.exp(s / 2) * epsilon


def softplus(a):
    return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))


def discriminator_loss(real, fake):
    return np.mean(softplus(-real)) + np.mean(softplus(fake))


def generator_loss(fake):
    return np.mean(softplus(-fake))


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def noisy(x0, epsilon, beta, t):
    abar = np.prod(1 - beta[:t])
    return np.sqrt(abar) * x0 + np.sqrt(1 - abar) * epsilon


def posterior(x0, xt, beta, t):
    abar, before, b = np.prod(1 - beta[:t]), np.prod(1 - beta[: t - 1]), beta[t - 1]
    mean = np.sqrt(before) * b * x0 + np.sqrt(1 - b) * (1 - before) * xt
    return mean / (1 - abar), (1 - before) / (1 - abar) * b


KL = {"m": normal("N", "D"), "s": normal("N", "D")}
Z = {"m": normal("N", "D"), "s": normal("N", "D"), "epsilon": normal("N", "D")}
BETA = between(0.05, 0.4, 6)

EXERCISES = [
    Exercise(
        "gaussian_kl", "how far from the standard Gaussian", points=2, page="row `gaussian-kl`",
        hints=(
            "One value a row: sum over d, not over n.",
            "By m the derivative of the sum is m; by s it is (e^s - 1) / 2.",
            "g has one entry a row: make it a column before it multiplies (N, D).",
        ),
        checks=(
            Value("gaussian_kl", gaussian_kl, KL, (
                wrong("of-sigma", "s is taken for log sigma", lambda m, s: gaussian_kl(m, 2 * s)),
                wrong("no-half", "the 1/2 is lost", lambda m, s: 2 * gaussian_kl(m, s)),
                wrong("sign", "the sign is wrong: a KL is never negative",
                      lambda m, s: -gaussian_kl(m, s)),
            )),
            Gradient("gaussian_kl_backward", gaussian_kl, KL, (
                wrong("one-missing", "the 1 in (e^s - 1)/2 is lost",
                      lambda g, y, m, s: (g[:, None] * m, g[:, None] * np.exp(s) / 2)),
                wrong("no-half", "the 1/2 of the gradient by s is lost",
                      lambda g, y, m, s: (g[:, None] * m, g[:, None] * (np.exp(s) - 1))),
                wrong("two-m", "m^2 is differentiated without the 1/2 in front",
                      lambda g, y, m, s: (2 * g[:, None] * m, g[:, None] * (np.exp(s) - 1) / 2)),
            )),
        ),
    ),
    Exercise(
        "reparameterise", "a sample that can be differentiated", points=2, page="row `reparam`",
        hints=(
            "sigma = e^(s/2), because s is the logarithm of the variance.",
            "dz/dm = 1. By s: epsilon times the derivative of e^(s/2).",
            "The derivative of e^(s/2) is e^(s/2) / 2.",
        ),
        checks=(
            Value("sample", sample, Z, (
                wrong("variance-for-sigma", "epsilon is multiplied by the variance e^s",
                      lambda m, s, e: m + np.exp(s) * e),
                wrong("s-for-sigma", "epsilon is multiplied by s itself", lambda m, s, e: m + s * e),
            )),
            Gradient("sample_backward", sample, Z, (
                wrong("inner-half", "the 1/2 of the inner derivative is lost",
                      lambda g, y, m, s, e: (g, g * e * np.exp(s / 2), g * np.exp(s / 2))),
                wrong("noise-forgotten", "epsilon is left out of the gradient by s",
                      lambda g, y, m, s, e: (g, g * np.exp(s / 2) / 2, g * np.exp(s / 2))),
            )),
        ),
    ),
    Exercise(
        "gan_losses", "what the two players minimise", points=3, page="rows `gan-minimax`, `ns-gan`",
        hints=(
            "The discriminator wants large logits for real ones: softplus of minus them. For the "
            "fakes: softplus of them.",
            "The slope of softplus(a) is sigmoid(a). Here it is softplus(-a): mind the inner minus.",
            "The generator's gradient is -sigmoid(-fake), times g, divided by M.",
        ),
        checks=(
            Value("discriminator_loss", discriminator_loss, {"real": normal("N"), "fake": normal("M")}, (
                wrong("labels-swapped", "real and fake are exchanged",
                      lambda real, fake: discriminator_loss(fake, real)),
                wrong("halved", "the two means are averaged, not added",
                      lambda real, fake: discriminator_loss(real, fake) / 2),
                wrong("same-sign", "both logits have the same sign",
                      lambda real, fake: np.mean(softplus(-real)) + np.mean(softplus(-fake))),
            )),
            Value("discriminator_loss", discriminator_loss,
                  {"real": between(-3000, 3000, "N"), "fake": between(-3000, 3000, "M")}),
            Gradient("generator_loss_backward", generator_loss, {"fake": normal("M")}, (
                wrong("saturating", "the saturating loss log(1 - D) is differentiated",
                      lambda g, y, fake: -g * sigmoid(fake) / len(fake)),
                wrong("uphill", "the sign is wrong", lambda g, y, fake: g * sigmoid(-fake) / len(fake)),
                wrong("sum-for-mean", "the 1/M is forgotten", lambda g, y, fake: -g * sigmoid(-fake)),
            )),
        ),
    ),
    Exercise(
        "posterior", "diffusion: there at once, and back", points=4,
        page="rows `diffusion-forward`, `diffusion-sample`", fast=True,
        hints=(
            "abar_t is the product of the first t values of 1 - beta. For t = 1, abar_{t-1} is an "
            "empty product, 1.",
            "beta[0] is beta_1: the step t uses beta[t - 1], and abar_t uses beta[:t].",
            "At t = 1 the mean is x_0 and the variance 0: try it.",
        ),
        checks=(
            *(Value("noisy", noisy, {"x0": normal("N"), "epsilon": normal("N"), "beta": BETA, "t": t}, (
                wrong("one-step-alpha", "a_t stands for abar_t, as the notes print it",
                      lambda x0, e, beta, t: np.sqrt(1 - beta[t - 1]) * x0 + np.sqrt(beta[t - 1]) * e),
                wrong("shifted", "the product has one factor too many",
                      lambda x0, e, beta, t: noisy(x0, e, beta, t + 1)),
                wrong("roots-forgotten", "the roots are forgotten", lambda x0, e, beta, t: (
                    np.prod(1 - beta[:t]) * x0 + (1 - np.prod(1 - beta[:t])) * e)),
            )) for t in (4,)),
            *(Value("posterior", posterior, {"x0": normal("N"), "xt": normal("N"), "beta": BETA, "t": t}, (
                wrong("beta-for-variance", "the variance is beta_t, the other choice, which is right "
                      "for data N(0, I)", lambda x0, xt, beta, t: (
                          posterior(x0, xt, beta, t)[0], beta[t - 1])),
                wrong("shifted", "the products have one factor too many",
                      lambda x0, xt, beta, t: posterior(x0, xt, beta, t + 1)),
                wrong("coefficients-swapped", "the coefficients of x_0 and x_t are exchanged",
                      lambda x0, xt, beta, t: posterior(xt, x0, beta, t)),
            )) for t in (1, 4)),
        ),
    ),
]  # fmt: skip
