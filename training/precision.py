"""In which numbers a training computes, and which of them this processor is quicker with."""

from __future__ import annotations

import time

from maskcam.native import quiet
from training.tf import import_tensorflow

FLOAT32, BFLOAT16, FASTEST = "float32", "mixed_bfloat16", "fastest"
CHOICES = (FLOAT32, BFLOAT16, FASTEST)
WORTH_IT = 1.2
"""How many times quicker coarser numbers must be to be taken."""


def settled(precision: str) -> str:
    """Return the precision itself, and for `FASTEST` the other one that this processor is quicker with.

    Half as long numbers halve the time on a processor that has instructions for them. On one that hasn't, TensorFlow
    goes on all the same, many times slower.
    """
    if precision != FASTEST:
        return precision
    return BFLOAT16 if step_seconds(FLOAT32) > WORTH_IT * step_seconds(BFLOAT16) else FLOAT32


def step_seconds(precision: str, repeats: int = 3) -> float:
    """Return how long a small convolution and its gradients take in float32 or bfloat16, the best of `repeats`."""
    tf = import_tensorflow()
    kind = tf.bfloat16 if precision == BFLOAT16 else tf.float32
    with quiet():  # it complains of a processor that has no such numbers, which is what is asked here
        images, kernel = tf.cast(tf.ones((16, 24, 24, 64)), kind), tf.cast(tf.ones((3, 3, 64, 64)), kind)

        def step() -> float:
            begun = time.perf_counter()
            with tf.GradientTape() as tape:
                tape.watch([images, kernel])
                answer = tf.reduce_sum(tf.nn.conv2d(images, kernel, 1, "SAME"))
            for gradient in tape.gradient(answer, [images, kernel]):
                gradient.numpy()
            return time.perf_counter() - begun

        step()  # the first prepares what the others use
        return min(step() for _ in range(repeats))
