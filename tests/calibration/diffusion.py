"""The yardsticks of score matching and diffusion for five seeds: what the tests measure with one.

    python -m tests.calibration.diffusion

It takes about two minutes of one core.  The table is in docs/diffusion.md.
"""

from minidl.generative.diffusion import sample
from minidl.notes.errata.diffusion_sample import as_printed
from tests.generative import test_diffusion, test_langevin, test_tempering


def tempered(seed):
    left, shares = test_tempering.simulated(seed)
    parallel, weights = test_tempering.parallel(seed)[0], test_tempering.estimated_weights(seed)
    return [left, shares[0], parallel, weights[0]]


YARDSTICKS = {
    ("1-D DDPM, T = 1000: W1 to the mixture", "the sampler as the notes print it"):
        lambda seed: test_diffusion.distances_of_a_trained_model(
            seed, 1000, 1000, [sample, as_printed]
        ),
    ("Langevin, step .5: variance (1.333)",): lambda seed: [test_langevin.variance_of_chains(seed)],
    ("modes of .2 and .8, annealed: left", "Langevin alone: left"):
        test_langevin.left_of_two_modes,
    ("modes at -6 and 6, simulated tempering: left", "coldest of 6 levels",
     "parallel tempering: left", "log r_1 estimated (3.139)"): tempered,
}  # fmt: skip


def main(seeds=range(5)):
    print("| yardstick |", " | ".join(f"seed {seed}" for seed in seeds), "|")
    print("| --- |", " | ".join("---" for _ in seeds), "|")
    for names, measure in YARDSTICKS.items():
        columns = [measure(seed) for seed in seeds]
        for name, *values in zip(names, *columns, strict=True):
            print(f"| {name} |", " | ".join(f"{value:.3f}" for value in values), "|", flush=True)


if __name__ == "__main__":
    main()
