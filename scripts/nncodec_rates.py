#!/usr/bin/env python3
"""What NNCodec (ISO/IEC 15938-17, dependent quantization) makes of a safetensors file, for comparison with 'tessera compress'.

    scripts/python.sh compression scripts/nncodec_rates.py WEIGHTS OUTPUT QP...

For every QP, such as -38 or -26, writes the decoded weights to OUTPUT-QP.safetensors, which 'tessera evaluate --weights' takes, and
prints the bytes and how many times smaller than f32 that is.
"""
import sys
import tempfile

import numpy as np
from nncodec.nn import decode, encode
from safetensors.numpy import load_file, save_file


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    weights, output = sys.argv[1:3]
    tensors = {name: tensor for name, tensor in load_file(weights).items() if not name.endswith("num_batches_tracked")}
    size = sum(4 * tensor.size for tensor in tensors.values())
    for qp in map(int, sys.argv[3:]):
        with tempfile.TemporaryDirectory() as folder:
            stream = encode(tensors, args={"qp": qp, "results": folder, "verbose": False})
        decoded = decode(stream)
        path = f"{output}{qp}.safetensors"
        arrays = {name: np.ascontiguousarray(decoded[name], np.float32).reshape(tensor.shape) for name, tensor in tensors.items()}
        save_file(arrays, path)
        print(f"qp {qp}: {len(stream)} bytes, {size / len(stream):.2f} times smaller, {path}")


main()
