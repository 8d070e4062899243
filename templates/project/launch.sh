#!/bin/sh
#: if several_nodes
# Run this on each of the {{ num_nodes }} nodes, with HOST set to the name of one of them and PORT,
# if 29400 is taken there, to a free port of it.
HOST="${HOST:?set HOST to the name of one of the nodes}"
exec torchrun --nnodes {{ num_nodes }} --nproc-per-node {{ devices }} --rdzv-backend c10d \
    --rdzv-endpoint "$HOST:${PORT:-29400}" --rdzv-id "${RUN_ID:-0}" -- train.py "$@"
#: else
exec torchrun --standalone --nproc-per-node {{ devices }} -- train.py "$@"
#: endif
