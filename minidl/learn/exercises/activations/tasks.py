"""What is checked in the exercises on activations."""

from __future__ import annotations

import numpy as np

from minidl.gradcheck.draws import normal
from minidl.learn.exercise import Exercise, Gradient, Value, wrong

TITLE = "activations, softmax and cross-entropy"


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


EXERCISES = [
    Exercise(
        "relu",
        "ReLU and its gradient",
        points=2,
        page="row `relu`",
        hints=(
            "Each output depends on one input alone. What is the slope of max(x, 0) left and right "
            "of 0?",
            "dL/dx = g * (1 where x > 0, 0 elsewhere). A comparison gives an array of booleans, "
            "which multiplies like 0 and 1.",
            "relu: np.maximum of two things. relu_backward: the incoming gradient times a mask "
            "made from x.",
        ),
        checks=(
            Value("relu", relu, {"x": normal("N", "D")}, (
                wrong("absolute", "the absolute value is taken", np.abs),
                wrong("minimum", "the minimum is taken", lambda x: np.minimum(x, 0)),
            )),
            Gradient("relu_backward", relu, {"x": normal("N", "D")}, (
                wrong("value-for-slope", "the slope is taken to be x where it is 1",
                      lambda g, y, x: g * y),
                wrong("passes-everything", "nothing is stopped where x < 0", lambda g, y, x: g),
                wrong("sign-for-step", "sign(x), which is -1 for negative x, stands for the slope",
                      lambda g, y, x: g * np.sign(x)),
            ), weight=3),
        ),
    ),
]  # fmt: skip
