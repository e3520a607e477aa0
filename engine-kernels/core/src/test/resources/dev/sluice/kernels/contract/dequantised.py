# Writes dequantised.bin: random blocks of every encoding with the floats that gguf-py makes of them.
# Run: python3 dequantised.py > dequantised.bin    (gguf 0.19.0, numpy 2.4.6)
# Per encoding: name (8 bytes, padded with spaces), blocks i32, the blocks, their floats f32. Little-endian.
import struct
import sys

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize

# Byte offsets of the halves in a block.
HALVES = {
    "Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q2_K": [80, 82],
    "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0],
    "MXFP4": [],
}
SPECIAL = [0x0001, 0x03FF, 0x8000, 0x8001, 0x0400, 0x7BFF]  # subnormal, -0, smallest, largest

random = np.random.default_rng(20261121)


def halves(count):
    return random.normal(0, 0.05, count).astype(np.float16).view(np.uint16)


for name, offsets in HALVES.items():
    elements, size = GGML_QUANT_SIZES[Type[name]]
    blocks = 6 if elements == 256 else 24
    raw = random.integers(0, 256, (blocks, size), dtype=np.uint8)
    for offset in offsets:
        raw[:, offset:offset + 2] = halves(blocks).view(np.uint8).reshape(blocks, 2)
    for i, half in enumerate(SPECIAL[:blocks - 2] if offsets else []):
        raw[i, offsets[0]:offsets[0] + 2] = struct.pack("<H", half)[0], struct.pack("<H", half)[1]
    if name == "MXFP4":
        raw[:, 0] = random.integers(100, 150, blocks)
        raw[:4, 0] = [0, 1, 2, 254]
    floats = dequantize(raw.reshape(1, -1), Type[name]).astype("<f4")
    sys.stdout.buffer.write(name.ljust(8).encode() + struct.pack("<i", blocks))
    sys.stdout.buffer.write(raw.tobytes() + floats.tobytes())

for name, bits in (("F16", halves(256)), ("BF16", random.integers(0, 0x7F80, 256, dtype=np.uint16))):
    bits = bits.astype("<u2")
    floats = dequantize(bits.view(np.uint8).reshape(1, -1) if name == "BF16" else bits.view(np.float16),
                        Type[name]).astype("<f4")
    sys.stdout.buffer.write(name.ljust(8).encode() + struct.pack("<i", 256))
    sys.stdout.buffer.write(bits.tobytes() + floats.tobytes())
