"""Two laws on eight points of a line, the real one P and the generated one Q."""

import numpy as np

P, Q = np.random.default_rng(0).dirichlet(np.ones(8), size=2)
POINTS = np.arange(8.0)
