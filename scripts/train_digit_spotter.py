"""Train the digit spotter on frozen Whisper encoder frames and export it to ONNX.

    python scripts/train_digit_spotter.py --corpora DIR --work DIR --out models/digit_spotter.onnx

Three steps, each of which takes up what is already in ``--work``: pools of
speech (``spotter_pool``), clips as encoder frames (``spotter_clips``), training.
Needs the extras ``train`` and ``voices`` and what ``scripts/setup.sh`` installs.
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import soundfile as sf
import soxr
import torch
from torch import nn

import spotter_pool
from spotter_clips import IGNORE, LINE, NUMBER, TALK, Pools, clip
from spotter_text import CUES, WORDS

BATCH = 32
BLURRED = 0.3
"""Share of batches whose frames get noise."""
WIDTH = 96
SPREADS = (1, 2, 4, 8)
SETS = (("long", 8.0, 4200), ("short", 5.0, 1800), ("hard", 8.0, 1200))
REFINING = frozenset({"hard"})
"""Sets that only the second stage of the training sees."""
MUSIC = {"train": ("macroform-cold_day", "macroform-robot_dity", "macroform-the_simplicity")}
MOH = Path("/usr/share/asterisk/moh")


class Spotter(nn.Module):
    """Encoder frames ``(n, t, 384)`` to frame logits ``(n, t, 3)`` and word logits ``(n, t, 72)``.

    Convolutions see 0.6 s to either side and nothing more, so that a step is judged
    alike in a live window that ends soon after it and in a whole utterance.
    """

    def __init__(self, inputs: int = 384, words: int = 1 + len(WORDS) + len(CUES)) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.down = nn.Linear(inputs, WIDTH)
        self.convs = nn.ModuleList(
            nn.Conv1d(WIDTH, WIDTH, 5, padding=2 * spread, dilation=spread) for spread in SPREADS
        )
        self.drop = nn.Dropout(0.1)
        self.kind = nn.Linear(WIDTH, 3)
        self.word = nn.Linear(WIDTH, words)

    def forward(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the logits of every step."""
        hidden = self.drop(torch.relu(self.down(self.norm(frames)))).transpose(1, 2)
        for conv in self.convs:
            hidden = hidden + self.drop(torch.relu(conv(hidden)))
        hidden = hidden.transpose(1, 2)
        return self.kind(hidden), self.word(hidden)


def music(names: tuple[str, ...]) -> list[np.ndarray]:
    """Return hold music at 8 kHz."""
    found = []
    for name in names:
        for path in sorted(MOH.glob(f"{name}.*")):
            samples, rate = sf.read(path, dtype="float32")
            found.append(np.asarray(soxr.resample(samples, rate, LINE), np.float32))
    return found


def make_set(  # noqa: PLR0917 - a job for a process
    work: str, name: str, split: str, seconds: float, count: int, seed: int, part: int
) -> str:
    """Make one part of a set of clips: encoder frames, labels and words, as files."""
    from hushtap import models  # noqa: PLC0415
    from hushtap.ears.engine import Engine  # noqa: PLC0415

    out = Path(work) / f"{split}_{name}_{part}"
    pieces, hard = [], []
    for path in sorted((Path(work) / "pool").glob("*.npz")):
        if path.stem.startswith("hard"):
            hard += spotter_pool.load(path) if name in REFINING else []
        elif path.stem.startswith("tune") == (split == "tune") or (
            split == "tune" and path.stem == "human_talk"
        ):
            pieces += spotter_pool.load(path)
    pools = Pools(pieces, hard)
    noises = music(MUSIC["train"])
    rng = np.random.default_rng([seed, part, round(seconds * 10)])
    engine = Engine(models.resolve("tiny.en"), workers=1)
    frames = np.lib.format.open_memmap(
        f"{out}.frames.npy", "w+", np.float16, (count, round(seconds * 50), 384)
    )
    labels = np.zeros((count, round(seconds * 50)), np.int8)
    words = []
    for at in range(0, count, 4):
        kind = "hard" if name in REFINING else "usual"
        clips = [clip(rng, pools, noises, seconds, kind) for _ in range(min(4, count - at))]
        encoded = engine.encode([c.audio for c in clips], round(seconds * spotter_pool.RATE))
        frames[at : at + len(clips)] = encoded
        for i, made in enumerate(clips):
            labels[at + i] = made.labels
            words.append(made.words)
    frames.flush()
    np.save(f"{out}.labels.npy", labels)
    Path(f"{out}.words.json").write_text(json.dumps(words))
    return str(out)


def load_sets(
    work: Path, split: str, *, refining: bool = False
) -> list[tuple[np.ndarray, np.ndarray, list]]:
    """Return the sets of a split, one for each length: frames, labels, words."""
    sets = []
    for name, *_ in SETS:
        if name in REFINING and not refining:
            continue
        parts = sorted(work.glob(f"{split}_{name}_*.labels.npy"))
        frames = [np.load(str(p).replace("labels", "frames"), mmap_mode="r") for p in parts]
        words = [
            w for p in parts for w in json.loads(Path(str(p)[:-10] + "words.json").read_text())
        ]
        if frames:
            sets.append(
                (np.concatenate(frames), np.concatenate([np.load(p) for p in parts]), words)
            )
    return sets


def batches(sets: list, size: int, rng: np.random.Generator):  # noqa: ANN201
    """Yield every clip once, in batches of equal length, shuffled."""
    plan = []
    for index, (frames, *_) in enumerate(sets):
        order = rng.permutation(len(frames))
        plan += [(index, np.sort(order[i : i + size])) for i in range(0, len(order), size)]
    rng.shuffle(plan)  # type: ignore[arg-type]
    for index, chosen in plan:
        frames, labels, words = sets[index]
        yield (
            torch.from_numpy(frames[chosen].astype(np.float32)),
            torch.from_numpy(labels[chosen].astype(np.int64)),
            [words[i] for i in chosen],
        )


def loss_of(
    model: Spotter, frames: torch.Tensor, labels: torch.Tensor, words: list
) -> torch.Tensor:
    """Return the loss: frame classes, and the words wherever they are known."""
    kind, word = model(frames)
    weight = torch.tensor([1.0, 1.0, 1.3])
    loss = nn.functional.cross_entropy(
        kind.reshape(-1, 3), labels.reshape(-1), weight, ignore_index=IGNORE, label_smoothing=0.02
    )
    known = [i for i, w in enumerate(words) if w is not None]
    if known:
        said = torch.tensor([c for i in known for c in words[i]], dtype=torch.long)
        lengths = torch.tensor([len(words[i]) for i in known])
        logp = word[known].log_softmax(-1).transpose(0, 1)
        times = torch.full((len(known),), logp.shape[0])
        ctc = nn.functional.ctc_loss(
            logp, said, times, lengths, reduction="sum", zero_infinity=True
        )
        loss = loss + 0.15 * ctc / (lengths.sum() + len(known))
    unknown = [i for i, w in enumerate(words) if w is None]
    if unknown:
        # Whatever else is said there, talk holds no number words.
        counted = word[unknown].softmax(-1)[..., 1 : len(WORDS) + 1].sum(-1)
        talk = (labels[unknown] == TALK).float()
        missed = -torch.log1p(-counted.clamp(max=0.999))
        loss = loss + 0.15 * (missed * talk).sum() / (talk.sum() + 1)
    return loss


def evaluate(model: Spotter, sets: list) -> str:
    """Return recall and precision of number frames, and word error rates, on ``sets``."""
    model.eval()
    hit = said = truth = 0
    errors, total = [0, 0], [0, 0]
    with torch.no_grad():
        for frames, labels, words in batches(sets, 32, np.random.default_rng(0)):
            kind, word = model(frames)
            guess = kind.argmax(-1)
            hit += int(((guess == NUMBER) & (labels == NUMBER)).sum())
            said += int((guess == NUMBER).sum())
            truth += int((labels == NUMBER).sum())
            for i, known in enumerate(words):
                if known is None:
                    continue
                path = word[i].argmax(-1).tolist()
                heard = [c for c, p in zip(path, [0, *path], strict=False) if c and c != p]
                for kind_of, side in enumerate((True, False)):
                    said_there = [c for c in known if (c <= len(WORDS)) is side]
                    heard_there = [c for c in heard if (c <= len(WORDS)) is side]
                    errors[kind_of] += _distance(heard_there, said_there)
                    total[kind_of] += len(said_there)
    model.train()
    numbers, cues = (e / max(t, 1) for e, t in zip(errors, total, strict=True))
    return (
        f"recall {hit / truth:.4f} precision {hit / said:.4f}"
        f" WER of numbers {numbers:.4f}, of cues {cues:.4f}"
    )


def _distance(a: list[int], b: list[int]) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


class Heads(nn.Module):
    """Several spotters as one: the mean of what they make of each frame, the words of the last."""

    def __init__(self, heads: list[Spotter]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)

    def forward(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the probabilities of every step: kinds and words."""
        outputs = [head(frames) for head in self.heads]
        kinds = torch.stack([kind.softmax(-1) for kind, _ in outputs]).mean(0)
        return kinds, outputs[-1][1].softmax(-1)


def train(work: Path, epochs: int, refining: int, seed: int) -> Spotter:
    """Train on the clips in ``work``, then refine on these and the hard ones; return the model."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # more threads than idle cores stall each other
    model = Spotter()
    print(sum(p.numel() for p in model.parameters()), "weights", flush=True)
    base = work / f"spotter_{seed}.pt"
    if base.exists():
        model.load_state_dict(torch.load(base))
    else:
        _stage(model, work, epochs, 2e-3, seed, refining=False)
        torch.save(model.state_dict(), base)
    _stage(model, work, refining, 5e-4, seed + 1, refining=True)
    return model.eval()


def _stage(
    model: Spotter, work: Path, epochs: int, rate: float, seed: int, *, refining: bool
) -> None:
    rng = np.random.default_rng(seed)
    sets, tune = load_sets(work, "train", refining=refining), load_sets(work, "tune")
    steps = epochs * sum(-(-len(frames) // BATCH) for frames, *_ in sets)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for epoch in range(epochs):
        began, losses = time.time(), []
        for frames, labels, words in batches(sets, BATCH, rng):
            blur = 0.1 * float(frames.std()) if rng.random() < BLURRED else 0.0
            loss = loss_of(model, frames + torch.randn_like(frames) * blur, labels, words)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            losses.append(float(loss.detach()))
        figures = f"{epoch} {np.mean(losses):.4f} {evaluate(model, tune)}"
        print(figures, f"{time.time() - began:.0f} s", flush=True)


def export(heads: Heads, path: Path) -> None:
    """Write the heads as one ONNX model, with probabilities as outputs."""
    torch.onnx.export(
        heads,
        (torch.zeros(2, 250, 384),),
        str(path),
        input_names=["frames"],
        output_names=["kinds", "words"],
        dynamic_axes={name: {0: "windows", 1: "steps"} for name in ("frames", "kinds", "words")},
        opset_version=17,
        dynamo=False,
    )
    written = onnx.load(str(path))
    onnx.helper.set_model_props(written, {"words": " ".join(WORDS), "cues": " ".join(CUES)})
    onnx.save(written, str(path))


def write_vector(heads: Heads, path: Path) -> None:
    """Write frames and what PyTorch makes of them, for the test of the exported model."""
    torch.manual_seed(0)
    frames = torch.randn(2, 60, 384).half().float()
    with torch.no_grad():
        kinds, words = heads(frames)
    np.savez_compressed(
        path, frames=frames.half().numpy(), kinds=kinds.numpy(), words=words.numpy()
    )


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vector", type=Path, default=Path("tests/vectors/digit_spotter.npz"))
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--refining", type=int, default=4, help="epochs with the hard clips")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--heads", type=int, default=2, help="trained apart and averaged")
    parser.add_argument("--parts", type=int, default=6, help="parts that each set is made in")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    spotter_pool.make(args.corpora, args.work / "pool", args.seed)
    jobs = [
        (str(args.work), name, "train", seconds, count // args.parts, args.seed, part)
        for part in range(args.parts)
        for name, seconds, count in SETS
    ] + [(str(args.work), "long", "tune", 8.0, 160, args.seed, 0)]
    jobs = [j for j in jobs if not (args.work / f"{j[2]}_{j[1]}_{j[6]}.words.json").exists()]
    with ProcessPoolExecutor(args.processes) as pool:
        for done in [pool.submit(make_set, *job) for job in jobs]:
            print(done.result(), flush=True)
    trained = [
        train(args.work, args.epochs, args.refining, args.seed + n) for n in range(args.heads)
    ]
    heads = Heads(trained).eval()
    torch.save(heads.state_dict(), args.work / "heads.pt")
    export(heads, args.out)
    write_vector(heads, args.vector)


if __name__ == "__main__":
    main()
