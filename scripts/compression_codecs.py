#!/usr/bin/env python3
"""What every weight codec makes of a network, as a table in Markdown: bytes, how many times smaller than f32, accuracy or PSNR, and the
megabytes of f32 that it encodes and decodes in a second.

    python3 scripts/compression_codecs.py NETWORK WEIGHTS [TRAINING [SETTING...]]

Accuracy is measured on the test pictures of the file TRAINING, if one is given. A SETTING is options of 'tessera compress' in one
argument, such as "--codec hevc --quality 90"; all codecs at 8 bits if left out. Lossless codecs have one accuracy for one number of
bits, which is measured once. Wants a release build.
"""
import json
import os
import subprocess
import sys
import tempfile

TESSERA = os.path.join(os.path.dirname(__file__), "../.build/release/tessera")
LOSSLESS = ["context", "xz", "zstd", "brotli", "png", "webp", "jpeg2000", "jpegxl", "ffv1", "h264", "hevc", "av1", "flac", "wavpack"]
LOSSY = [
    "--codec jpeg --quality 100", "--codec jpeg2000 --quality 90", "--codec jpegxl --quality 97", "--codec h264 --quality 97",
    "--codec hevc --quality 97", "--codec av1 --quality 97", "--codec opus", "--codec aac",
]


def compress(network, weights, options, folder):
    arguments = [TESSERA, "compress", network, "--weights", weights, "-o", folder + "/w.tcw", "--force", "--json", "--threads", "1"]
    done = subprocess.run(arguments + options, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr.strip())
    return json.loads(done.stdout)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    network, weights = sys.argv[1:3]
    training = sys.argv[3] if len(sys.argv) > 3 and sys.argv[3] != "-" else None
    settings = sys.argv[4:] or ["--codec " + name for name in LOSSLESS] + LOSSY
    print("| setting | weights, bytes | of f32 | file, bytes | of f32 | quality | encode, MB/s | decode, MB/s |")
    print("|---|---|---|---|---|---|---|---|")
    known = {}
    with tempfile.TemporaryDirectory() as folder:
        for setting in settings:
            options = setting.split()
            report = compress(network, weights, options, folder)
            layers = report["layers"]
            is_lossless = setting in ["--codec " + name for name in LOSSLESS]
            quality = known.get("lossless", "") if is_lossless else ""
            if training and not quality:
                after = compress(network, weights, options + ["--evaluate", training], folder)["after"]
                quality = f"{100 * after['accuracy']:.2f} %" if "accuracy" in after else f"{after['psnr_db']:.2f} dB"
                if is_lossless:
                    known["lossless"] = quality
            megabytes = 4e-6 * sum(layer["weights"] for layer in layers)
            times = [sum(layer[key] for layer in layers) for key in ("encode_seconds", "decode_seconds")]
            print(
                f"| `{setting}` | {sum(layer['bytes'] for layer in layers)} | {report['weights_ratio']:.2f}x | {report['file_bytes']} "
                f"| {report['ratio']:.2f}x | {quality} | {megabytes / times[0]:.2f} | {megabytes / times[1]:.2f} |", flush=True)


main()
