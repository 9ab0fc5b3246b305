"""The experiments on autoencoders, with few steps: what they find, and that the device is one."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

import minidl
from minidl import data, experiments
from minidl.autoencoders.vae import VAE, mlp_vae

pytest.importorskip("matplotlib")
pytest.importorskip("safetensors")

SHORT = {
    "autoencoders": {"steps": 5},
    "beta-vae": {"steps": 5},
    "denoising-score": {"steps": 5},
    "gradient-estimators": {"draws": 100, "steps": 5},
    "matched-latents": {"steps": 5},
    "mode-collapse": {"steps": 80},
    "vae": {"epochs": 1},
}


def leaves(results):
    if isinstance(results, dict):
        return [leaf for part in results.values() for leaf in leaves(part)]
    return np.ravel(results).tolist()


@pytest.mark.parametrize("name", SHORT)
def test_the_device_makes_no_difference(name, device, tmp_path, monkeypatch):
    """`--device cuda`, without a GPU: its double finds every array that is on the wrong side."""
    if device == "cpu":
        pytest.skip("the one that is compared with")
    # what is drawn is on the CPU already, and to render it takes half the time
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda figure, path, **_: path.touch())
    ran = experiments.run(name, device=device, out=tmp_path / "there", **SHORT[name])
    here = experiments.run(name, out=tmp_path / "here", **SHORT[name])
    np.testing.assert_allclose(
        leaves(ran["results"]), leaves(here["results"]), rtol=1e-2, atol=1e-3
    )


@pytest.fixture
def run(tmp_path):
    """Runs an experiment; looks at its pictures' files, returns its results."""

    def run(name, **options):
        results = experiments.run(name, out=tmp_path, **options)["results"]
        pictures = list(tmp_path.glob("*.png"))
        assert pictures and all(picture.stat().st_size > 10_000 for picture in pictures)
        return results

    return run


def test_autoencoders(run):
    """PCA's error is that of a singular value decomposition; learned ones leave the mean image."""
    results = run("autoencoders", steps=300)
    images = np.random.default_rng(0).permutation(data.digits()[0].reshape(-1, 64))
    train, test = images[397:].astype(float), images[:397].astype(float)
    centred = test - train.mean(axis=0)
    axes = np.linalg.svd(train - train.mean(axis=0))[2][:8]
    errors = results["reconstruction_error"]
    assert errors["PCA"] == pytest.approx(((centred - centred @ axes.T @ axes) ** 2).sum(1).mean())
    spread = (centred**2).sum(axis=1).mean()
    assert max(errors.values()) < 0.6 * spread
    assert errors["linear"] > 0.99 * errors["PCA"]
    cleaned = results["denoising_error"]
    assert cleaned["noisy"] == pytest.approx(64 * 0.35**2, rel=0.03)  # SE .9%
    assert max(cleaned["best linear"], cleaned["denoising"]) < cleaned["noisy"] / 2
    assert 0 < results["sparse_active_units"] < 64


def test_beta_vae(run):
    """What the theory's columns say, and that less is coded the more it costs."""
    results = run("beta-vae", steps=150)
    for beta, found in results.items():
        v, level = np.array([4, 1.96, 1, 0.49]), float(beta) * 0.09  # the features hardly overlap
        rate = 0.5 * np.log(np.maximum(v / level, 1)).sum()
        assert found["kl_theory"] == pytest.approx(rate, rel=0.02)
        assert found["error_theory"] == pytest.approx(np.minimum(v, level).sum(), rel=0.02)
        assert 0 <= found["score"] <= 1 and found["total_correlation"] > -1e-3
    kl, errors = ([r[key] for r in results.values()] for key in ("kl", "error"))
    assert sorted(kl, reverse=True) == kl and sorted(errors) == errors


def test_denoising_score(run):
    """The residual by itself is off by the factor of the noise; divided by sigma^2 it is near."""
    for found in run("denoising-score", steps=300).values():
        assert found["error"] < found["score"] / 4
        assert found["error"] < found["error_as_printed"] / 2


def test_gradient_estimators(run):
    """Means within 5 standard errors of 2 theta: a false alarm in 40,000 runs (39 means)."""
    draws, thetas = 4000, np.linspace(0, 3, 13)
    results = run("gradient-estimators", draws=draws, steps=60)
    for found in results.values():
        error = np.sqrt(np.array(found["variance"]) / draws)
        assert (abs(found["mean"] - 2 * thetas) < 5 * error).all()
    best, baseline, score = (np.array(found["variance"]) for found in results.values())
    assert best == pytest.approx(4, rel=0.12)  # SE 2.2% of a normal law's variance
    assert (best < baseline).all() and (baseline < score).all()


def test_matched_latents(run):
    """Codes that are pulled to the prior are nearer to it than those that are not."""
    results = run("matched-latents", steps=100)
    null = results.pop("null_95")
    plain = results.pop("plain")
    assert plain["mmd"] > 5 * null
    for name in ("MMD", "sliced Wasserstein", "sliced Cramer"):
        assert results[name]["mmd"] < plain["mmd"] / 2
    assert all(found["error"] < 6 for found in results.values())  # 19 is the spread of the images


def test_mode_collapse(run):
    """True samples have all modes; in haste nearly all samples are at one place."""
    results = run("mode-collapse", steps=800)
    assert results["true samples"]["modes"] == [8]
    assert results["true samples"]["share"][0] > 0.98  # .989 expected, SE .0023
    assert max(results["10 steps to 1"]["modes"]) <= 2
    assert results["1 step to 1"]["steps"] == results["10 steps to 1"]["steps"]


def test_vae(run, tmp_path):
    """PCA's density is SciPy's; the ELBO is below the tighter bound; the weights are the model."""
    results = run("vae", epochs=5)
    images = data.digits()[0].reshape(-1, 64).astype(float)
    order = np.random.default_rng(0).permutation(len(images))
    train, test = images[order[400:]], images[order[:400]]
    values, vectors = np.linalg.eigh(np.cov(train.T, bias=True))
    noise = values[:-10].mean()
    covariance = vectors[:, -10:] * (values[-10:] - noise) @ vectors[:, -10:].T + noise * np.eye(64)
    density = multivariate_normal(train.mean(axis=0), covariance)
    assert results["PCA 10"]["log_p"] == pytest.approx(density.logpdf(test).mean(), rel=1e-6)
    for name in ("VAE 2", "VAE 10"):
        assert results[name]["elbo"] < results[name]["log_p"]
        assert results["curves"][name]["test"][-1] > results["curves"][name]["test"][0]
    vae = mlp_vae(VAE, 64, 256, 256, 10, learn_sigma=True)
    vae.load_state_dict(minidl.load(tmp_path / "weights.safetensors"))
    assert np.exp(vae.logvar.item() / 2) == pytest.approx(results["VAE 10"]["sigma"])
