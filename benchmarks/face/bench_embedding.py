"""How long one face takes: our chain beside the reference library, in one run, on the same chips.

    python benchmarks/face/bench_embedding.py [--repeats N]

Prints a table and one line of JSON. Compare figures only within a run: the machine matters more than
the library. The reference is dlib as installed here; the pip wheel of dlib has no BLAS, and a build
with one is several times faster.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from gate_agent.biometrics.face.cards import ModelKind, load_card, load_model
from gate_agent.biometrics.face.chain import FaceChain, FaceSettings
from gate_agent.biometrics.face.embed import Embedder
from gate_agent.networks import NetworkSession
from gate_models.build import WEIGHTS, build, weights_folder
from gate_models.quantise import quantised
from gate_simulators.egate.photographs import photographs

dlib: Any = import_module("dlib")  # compiled, without types

SIDE, PADDING = 150, 0.25
FRAME = (720, 1280)


def median_ms(call: Callable[[], object], repeats: int) -> float:
    call()  # the first call allocates
    times: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def camera_frame(face: np.ndarray) -> np.ndarray:
    """A 1280 x 720 frame in which the person stands near."""
    frame = np.full((*FRAME, 3), 96, np.uint8)
    frame[100 : 100 + face.shape[0], 400 : 400 + face.shape[1]] = face
    return frame


def measure(repeats: int) -> dict[str, float]:
    settings = FaceSettings()
    build(settings.models)
    resnet, mmod, five_point = (str(weights_folder() / w.name) for w in WEIGHTS)
    encoder = dlib.face_recognition_model_v1(resnet)
    detector = dlib.cnn_face_detection_model_v1(mmod)
    predictor = dlib.shape_predictor(five_point)
    pixels = photographs()["astronaut"][0]
    chain = FaceChain.load(settings)
    face = chain.single(chain.find(pixels))
    box = face.box
    shape = predictor(pixels, dlib.rectangle(box.left, box.top, box.right, box.bottom))
    chip = chain.chips(pixels, face)[0]

    figures = {"embed_reference_ms": median_ms(lambda: encoder.compute_face_descriptor(chip), repeats)}
    card = load_card(settings.cards, settings.embedder, ModelKind.EMBEDDER)
    model = load_model(settings.models, card)
    for threads in (1, 2):
        embedder = Embedder(NetworkSession(model, card.id, threads=threads), card)
        ours = median_ms(lambda embedder=embedder: embedder.embed(chip[None]), repeats * 4)
        figures[f"embed_{threads}_threads_ms"] = ours
        figures[f"embed_{threads}_threads_ratio"] = figures["embed_reference_ms"] / ours

    small = load_card(settings.cards, f"{settings.embedder}-int8", ModelKind.EMBEDDER)
    session = NetworkSession(
        quantised(model, settings.cards / f"{small.id}.ranges.json"), small.id, threads=1
    )
    embedder = Embedder(session, small)
    figures["embed_int8_1_threads_ms"] = median_ms(lambda: embedder.embed(chip[None]), repeats * 4)

    figures["align_reference_ms"] = median_ms(
        lambda: dlib.get_face_chip(pixels, shape, SIDE, PADDING), repeats
    )
    figures["align_all_views_ms"] = median_ms(lambda: chain.chips(pixels, face), repeats)
    figures["template_ms"] = median_ms(lambda: chain.template(pixels, face), repeats)

    full = FaceChain.load(settings.model_copy(update={"smallest_face_share": 0.0}))
    figures["detect_512_reference_ms"] = median_ms(lambda: detector(pixels, 0), max(repeats // 10, 1))
    figures["detect_512_ms"] = median_ms(lambda: full.find(pixels), repeats)
    figures["detect_512_ratio"] = figures["detect_512_reference_ms"] / figures["detect_512_ms"]
    frame = camera_frame(pixels)
    figures["find_1280x720_ms"] = median_ms(lambda: chain.find(frame), repeats)
    return figures


def claims(figures: dict[str, float]) -> list[dict[str, object]]:
    """Ratios only: the machine matters more than the library. A reference with BLAS is a harder peer."""
    blas = bool(getattr(dlib, "DLIB_USE_BLAS", False))
    goal = 3 if blas else 15
    ratio = figures["embed_1_threads_ratio"]
    peer = f"dlib {dlib.__version__} {'with' if blas else 'without'} BLAS"
    return [
        {
            "claim": "one embedding, one thread",
            "measured": round(figures["embed_1_threads_ms"], 3),
            "unit": "ms",
            "peer": peer,
            "peer_measured": round(figures["embed_reference_ms"], 3),
            "ratio": round(ratio, 2),
            "goal": f">= {goal}x",
            "met": ratio >= goal,
        },
        {
            "claim": "faces of a 512x512 picture, two threads",
            "measured": round(figures["detect_512_ms"], 3),
            "unit": "ms",
            "peer": peer,
            "peer_measured": round(figures["detect_512_reference_ms"], 3),
            "ratio": round(figures["detect_512_ratio"], 2),
        },
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20)
    measured = measure(parser.parse_args().repeats)
    figures = {name: round(value, 3) for name, value in measured.items()}
    table = Table("figure", "value", title="Face chain, medians")
    for name, value in figures.items():
        table.add_row(name, f"{value:.2f}")
    Console(stderr=True).print(table)
    print(
        json.dumps(
            {"benchmark": "face_embedding", "dlib": dlib.__version__, "claims": claims(measured), **figures}
        )
    )


if __name__ == "__main__":
    main()
