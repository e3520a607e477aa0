"""Logits of an exported folder by transformers, for the engine's tests.

    golden.py out/sluice-worker-q8_0 FILE     float32 little-endian [last 4 positions][vocab]

The folder OUT/sluice-ROLE-q8_0 has the values that the Q8_0 file's weights decode to.
"""
import sys
import torch
import transformers

IDS = [1, 632, 63, 37, 57, 55, 1999, 44, 3, 297, 801, 2, 90, 1000, 1200, 15]


def main(folder, out):
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.no_grad():
        logits = model(torch.tensor([IDS])).logits[0]
    with open(out, "wb") as f:
        f.write(logits[-4:].numpy().astype("<f4").tobytes())
    print(f"transformers {transformers.__version__}: {list(logits.shape)}, "
          f"largest {float(logits.abs().max()):.3f}, ids {','.join(map(str, IDS))}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
