"""A student's code in a process of its own: `process` is its end here, `worker` the other."""
