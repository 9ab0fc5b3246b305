"""All workloads, in the order of the table."""

from . import chain, derivatives, images, layers, networks, sequences

FAMILIES = chain, networks, images, sequences, derivatives, layers
WORKLOADS = {workload.name: workload for family in FAMILIES for workload in family.workloads}
