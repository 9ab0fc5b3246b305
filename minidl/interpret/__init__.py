"""Interpretation: what a network has learned, and why it says what it says.

The notes sort explanations along three lines (Zhang et al. 2021, arXiv:2012.14261).  All that stand
here are passive: they explain a network that is trained.  By what they give, and for which inputs:

    attribution  credit to the features of one input: gradients, Shapley values      local
    lime         the same from values of the model alone, by a linear model nearby   local
    superpixels  the parts of an image that LIME switches on and off
    examples     which examples a prediction looks like, or would miss               local
    hidden       what drives a hidden unit                                           global
    rules        a decision tree that says what the network says                     global
"""

from . import attribution, examples, hidden, lime, rules, superpixels

__all__ = ["attribution", "examples", "hidden", "lime", "rules", "superpixels"]
