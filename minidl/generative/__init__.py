"""Generative models without a likelihood: two networks against each other, or noise undone.

The notes' adversarial networks (family gan), and score matching and diffusion (score-diffusion).
Import the file that you read: `from minidl.generative import gan`.
"""
