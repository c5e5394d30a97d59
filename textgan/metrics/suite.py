"""The metrics by the names that recipes use, and one function that runs them.

    evaluate(samples, ["bleu", "self-bleu", "./mine.py:rhyme"], beside=recipe.parent)

`pretrained-lm:MODEL` names the model it uses. A metric of your own is a function `Samples -> dict[str, Score]` in a
file beside the recipe.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from functools import partial
from importlib import import_module, util
from pathlib import Path
from typing import Any, TypeVar

from textgan.errors import Mistake, did_you_mean, on_one_line, out_of_memory
from textgan.metrics.once import sharing
from textgan.metrics.samples import Metric, Samples, Score
from textgan.parts.binding import is_own_file, own_file

S = TypeVar("S")

METRICS: dict[str, tuple[str, str]] = {
    "bleu": ("textgan.metrics.ngram", "measure_bleu"),
    "self-bleu": ("textgan.metrics.ngram", "measure_self_bleu"),
    "backward-bleu": ("textgan.metrics.recall", "measure_backward_bleu"),
    "corpus-bleu": ("textgan.metrics.corpus_bleu", "measure_corpus_bleu"),
    "ms-jaccard": ("textgan.metrics.overlap", "measure_ms_jaccard"),
    "distinct": ("textgan.metrics.diversity", "measure_distinct"),
    "entropy": ("textgan.metrics.overlap", "measure_entropy"),
    "duplicates": ("textgan.metrics.diversity", "measure_duplicates"),
    "novelty": ("textgan.metrics.diversity", "measure_novelty"),
    "memorisation": ("textgan.metrics.memorisation", "measure_memorisation"),
    "length": ("textgan.metrics.diversity", "measure_length"),
    "length-distance": ("textgan.metrics.diversity", "measure_length_distance"),
    "source": ("textgan.metrics.source", "measure_source"),
    "class-accuracy": ("textgan.metrics.class_accuracy", "measure_class_accuracy"),
    "nll": ("textgan.metrics.likelihood", "measure_likelihood"),
    "lm": ("textgan.metrics.lm_scores", "measure_lm"),
    "frechet": ("textgan.metrics.frechet", "measure_frechet"),
    "mauve": ("textgan.metrics.mauve", "measure_mauve"),
}
"""Name -> module and function, loaded when asked for."""

OF_A_MODEL: dict[str, tuple[str, str]] = {
    "pretrained-lm": ("textgan.metrics.pretrained_lm", "measure_pretrained_lm"),
}
"""The same for metrics written `NAME:MODEL`; MODEL, a folder or hub name for transformers, is passed as `model`."""


def evaluate(
    samples: Samples, names: Iterable[str], *, beside: Path = Path(), encoder: str | None = None
) -> dict[str, Score]:
    """All the named metrics, by score (`bleu-2`, `nll`, ...); scores that cannot be measured are absent.

    beside: the folder that `./mine.py:function` is looked up from. encoder: for the metrics that take one; see
    `textgan.metrics.encoders`. Mistake, with one line for each, for unknown names.
    """
    metrics = load_metrics(names, beside=beside)
    if encoder is not None:
        for name in taking_encoder(metrics):
            metric: Any = metrics[name]
            metrics[name] = partial(metric, encoder=encoder)
    found: dict[str, dict[str, Score]] = {}
    with sharing():
        for name, measure in metrics.items():
            found[name] = _measured(name, measure, samples, beside)
    return merged(found)


def _measured(name: str, measure: Metric, samples: Samples, beside: Path) -> dict[str, Score]:
    """The scores of one metric; a custom metric gets copies of the lists, so that it may modify them."""
    if not is_own_file(name):
        return _plain(name, measure(samples))
    try:
        found = measure(_copied(samples))
    except Mistake:
        raise
    except (Exception, SystemExit) as error:  # whatever the user's code raises becomes one line
        if out_of_memory(error):
            raise
        file, _ = own_file(name, (beside,))
        raise Mistake(f"metrics.{name}: {on_one_line(error, file)}") from error
    return _plain(name, found)


def _plain(name: str, found: Any) -> dict[str, Score]:
    """The scores with numpy and torch numbers turned into plain ones, which can be written to a file."""
    if not isinstance(found, dict) or not all(isinstance(score, Score) for score in found.values()):
        raise Mistake(
            f"metrics.{name}: returned {found!r:.60}; expected a dict of textgan.metrics.Score by name"
        )
    scores = {}
    for key, score in found.items():
        if not isinstance(key, str) or not isinstance(score.signature, str):
            raise Mistake(
                f"metrics.{name}: returned {score!r:.60} under {key!r}; name and signature must be strings"
            )
        try:
            scores[key] = Score(float(score.value), score.signature)
        except (TypeError, ValueError, RuntimeError) as error:  # RuntimeError: a tensor of several numbers
            raise Mistake(
                f"metrics.{name}: the value of {key!r} is {score.value!r:.60}; expected a number"
            ) from error
    return scores


def _copied(samples: Samples) -> Samples:
    held: dict[str, Any] = {each.name: getattr(samples, each.name) for each in fields(samples)}
    held |= {key: list(value) for key, value in held.items() if isinstance(value, list)}
    return Samples(**held)


def merged(found: Mapping[str, Mapping[str, S]]) -> dict[str, S]:
    """The scores of all metrics by key; Mistake if a custom metric returns a key that another metric returns too."""
    scores: dict[str, S] = {}
    giver: dict[str, str] = {}
    for name, part in found.items():
        for key, score in part.items():
            first = giver.setdefault(key, name)
            if first != name and (is_own_file(name) or is_own_file(first)):
                raise Mistake(
                    f"metrics.{name}: returns the score {key!r}, as metrics.{first} does; give it another name"
                )
            scores[key] = score
    return scores


def taking_encoder(metrics: dict[str, Metric]) -> list[str]:
    """The names of the metrics with an argument `encoder`, custom ones included."""
    return [name for name, metric in metrics.items() if "encoder" in inspect.signature(metric).parameters]


def check_models(names: Iterable[str]) -> None:
    """Mistake if a model that a metric uses cannot be loaded, so that this is found before any work is done."""
    for name in names:
        metric, _, model = name.partition(":")
        if metric in OF_A_MODEL:
            import_module(OF_A_MODEL[metric][0]).check_model(model)


def load_metrics(names: Iterable[str], *, beside: Path = Path()) -> dict[str, Metric]:
    """The metric functions by name. Mistake, with one line for each unknown name; so recipes are checked early."""
    metrics: dict[str, Metric] = {}
    mistakes: list[str] = []
    for name in [names] if isinstance(names, str) else names:
        try:
            metrics[name] = _load(str(name), beside)
        except Mistake as mistake:
            mistakes.append(str(mistake))
    if mistakes:
        raise Mistake("\n".join(mistakes))
    return metrics


def _load(name: str, beside: Path) -> Metric:
    if is_own_file(name):
        path, function = own_file(name, (beside,))
        return _load_from_file(path, function, name)
    metric_name, _, model = name.partition(":")
    if metric_name in OF_A_MODEL:
        if not model:
            raise Mistake(
                f"metrics.{name}: it needs a model; write {metric_name}:MODEL, a folder or a name on the hub"
            )
        module, function = OF_A_MODEL[metric_name]
        return partial(getattr(import_module(module), function), model=model)
    if name not in METRICS:
        raise Mistake(f"metrics: there is no metric {name!r}.{did_you_mean(name, [*METRICS, *OF_A_MODEL])}")
    module, function = METRICS[name]
    metric: Metric = getattr(import_module(module), function)
    return metric


def _load_from_file(path: Path, function: str, name: str) -> Metric:
    """Load a file by its location; `sys.path` is not touched, `sys.modules` only while the file runs."""
    if not path.is_file():
        raise Mistake(f"metrics.{name}: there is no file {path}; expected it next to the recipe")
    title = f"textgan_metric_{path.stem}"
    spec = util.spec_from_file_location(title, path)
    assert spec is not None and spec.loader is not None  # a .py file always has a loader
    module = util.module_from_spec(spec)
    sys.modules[title] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever the user's file raises becomes one line
        raise Mistake(f"metrics.{name}: {path} cannot be loaded: {on_one_line(error, path)}") from error
    finally:
        del sys.modules[title]
    found: Any = getattr(module, function, None)
    if not callable(found):
        own = [word for word, value in vars(module).items() if _is_own_function(value, module.__name__)]
        raise Mistake(
            f"metrics.{name}: {path.name} has no function {function!r}.{did_you_mean(function, own)}"
        )
    try:
        inspect.signature(found).bind(None)
    except ValueError:  # a C function, which has no signature to check
        pass
    except TypeError as error:
        raise Mistake(
            f"metrics.{name}: {function} in {path.name} cannot be called with the samples alone ({error}); write a "
            "function of one argument"
        ) from error
    metric: Callable[[Samples], dict[str, Score]] = found
    return metric


def _is_own_function(value: object, module: str) -> bool:
    return callable(value) and getattr(value, "__module__", None) == module
