"""An exported run in transformers: the same distribution, by the Auto classes, with nothing imported but textgan."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, pipeline

from textgan.assembly.recipe import HANDED
from textgan.cli import run as command
from textgan.data import tokenizers
from textgan.data.grammar import load as grammar
from textgan.export import card
from textgan.export.auto import announce
from textgan.export.folder import export_run
from textgan.machine.streams import seeded
from textgan.parts.binding import bind
from textgan.report import reading
from textgan.runs.loaded import LoadedRun, load
from textgan.sampling import Draw
from textgan.training import checkpoints
from textgan.types import Prompt, Text

CI = pytest.CaptureFixture[str]
Runs = Callable[..., Path]
LENGTH = 12
TEXTS = grammar("captions").sample(40, 3)
GENERATORS: dict[str, dict[str, Any]] = {
    "lstm": {"name": "lstm", "embedding": 6, "hidden": 8},
    "tied": {"name": "lstm", "embedding": 6, "hidden": 8, "layers": 2, "tie": True, "dropout": 0.3},
    "gru": {"name": "gru", "embedding": 6, "hidden": 8, "init": "truncated-normal"},
    "relational": {"name": "relational", "embedding": 6, "slots": 2, "head_size": 3},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """A run folder as training would leave it, with random weights, large enough for rows to differ."""

    def make(
        generator: dict[str, Any] | None = None, kind: str = "word", labels: tuple[str, ...] = ()
    ) -> Path:
        run = tmp_path_factory.mktemp("runs") / "run"
        run.mkdir()
        part = generator or GENERATORS["lstm"]
        tokenizer = getattr(tokenizers, kind)(TEXTS, **({"size": 300} if kind == "bpe" else {}))
        tokenizer.save(run / "tokenizer")
        (run / "labels.json").write_text(json.dumps(labels))
        values = {
            "name": "mine",
            "corpus": {"name": "file", "path": "/home/someone/poems.txt"},
            "tokenizer": {"name": kind},
            "length": LENGTH,
            "generator": part,
            "device": "cpu",
            "threads": 1,
            "train": {"mle": {"epochs": 1}},
        }
        (run / "recipe.yaml").write_text(yaml.safe_dump(values))
        (run / "environment.json").write_text("{}")
        cell = {"value": 0.5, "signature": "bleu|n:2|v:0.1"}
        rows = {"real": {"bleu-2": cell}, "after": {"bleu-2": cell}}
        scores = {"recipe": "mine", "samples": 20, "rows": rows, "notes": [], "warnings": ["it went wrong"]}
        (run / "evaluation.json").write_text(json.dumps(scores))
        with seeded(0):
            made = bind("generator", part, HANDED["generator"]).build(
                vocabulary=tokenizer.vocabulary, length=LENGTH, classes=len(labels)
            )
            for parameter in made.parameters():
                parameter.data += 0.5 * torch.randn_like(parameter)
            made.output.bias.data[2] += 3  # so that some sentences end early
        checkpoints.save(run / "checkpoints" / "last", {"generator": made})
        return run

    return make


def exported(run: Path) -> tuple[LoadedRun, Any, Any]:
    """(our run, their model, their tokenizer)."""
    out = run.parent / "out"
    if not out.exists():
        export_run(run, out)
    return load(run), AutoModelForCausalLM.from_pretrained(out), AutoTokenizer.from_pretrained(out)


def written(ours: LoadedRun, rows: int, labels: torch.Tensor | None = None) -> Text:
    with seeded(1), torch.no_grad():
        return ours.generator.write(Prompt(rows, labels), LENGTH, Draw())


def read(model: Any, text: Text, **options: Any) -> torch.Tensor:
    """Log-probabilities (B,T,V) by a plain call, of text that begins with <bos>."""
    bos = torch.full_like(text.ids[:, :1], model.config.bos_token_id)
    with torch.no_grad():
        logits = model(torch.cat([bos, text.ids[:, :-1]], 1), **options).logits
    found: torch.Tensor = logits.log_softmax(-1)
    return found


@pytest.mark.parametrize("name", [*GENERATORS, "by label"])
def test_the_probabilities_are_those_of_the_generator(name: str, runs: Runs) -> None:
    by_label = name == "by label"
    ours, model, _ = exported(runs(GENERATORS.get(name), labels=("neg", "pos") if by_label else ()))
    labels = torch.tensor([0, 1] * 8) if by_label else None
    text = written(ours, 16, labels)
    with torch.no_grad():
        wanted = ours.generator.log_prob(text)
    asked = {"label_ids": labels} if by_label else {}
    for cached in (True, False):
        found = read(model, text, use_cache=cached, **asked)
        assert torch.isinf(found[..., [0, 1, 3]]).all()
        chosen = found.gather(-1, text.ids.unsqueeze(-1)).squeeze(-1)
        assert torch.allclose(chosen[text.mask], wanted[text.mask], atol=1e-5, rtol=0)
    assert wanted[text.mask].std() > 0.5  # a comparison of constants would show nothing


def test_padding_on_either_side_and_a_missing_bos_change_nothing(runs: Runs) -> None:
    ours, model, _ = exported(runs())
    words = torch.tensor([7, 5, 9, 4])
    plain = model(torch.tensor([[1, 7, 5, 9, 4]]), use_cache=False).logits[0]
    rows = {
        "left": ([0, 0, 1, *words], [0, 0, 1, 1, 1, 1, 1]),
        "right": ([1, *words, 0, 0], [1, 1, 1, 1, 1, 0, 0]),
        "no bos": ([0, 0, 0, *words], [0, 0, 0, 1, 1, 1, 1]),
        "between": ([1, 7, 0, 5, 0, 9, 4], [1, 1, 0, 1, 0, 1, 1]),
    }
    ids, mask = (torch.tensor([row[side] for row in rows.values()]) for side in (0, 1))
    for cached in (True, False):
        found = model(ids, mask, use_cache=cached).logits
        for row, name in enumerate(rows):
            expected = plain[1:] if name == "no bos" else plain
            assert torch.allclose(found[row][mask[row].bool()], expected, atol=1e-5), (name, cached)
        assert torch.allclose(found[:, -1], plain[-1].expand(4, -1), atol=1e-5)  # what is drawn from
    begun = model(ids[:, :4], mask[:, :4])  # and in two parts, the state handed on
    after = model(ids[:, 4:], mask, past_key_values=begun.past_key_values)
    assert torch.allclose(after.logits, model(ids, mask, use_cache=False).logits[:, 4:], atol=1e-5)


def test_generate_draws_from_the_same_distribution(runs: Runs) -> None:
    ours, model, _ = exported(runs())
    torch.manual_seed(0)
    found = model.generate(
        num_return_sequences=64, return_dict_in_generate=True, output_scores=True, output_logits=True
    )
    ids = found.sequences[:, 1:]
    ends = (ids == 2).long()
    mask = ends.cumsum(1) - ends == 0
    assert ids.shape[1] <= LENGTH and (ids[~mask] == 0).all()  # nothing but padding after the end
    assert mask.sum(1).min() < mask.sum(1).max()
    assert not torch.isin(ids[mask], torch.tensor([0, 1, 3])).any()
    with torch.no_grad():
        wanted = ours.generator.log_prob(Text(ids, mask))
    scores = torch.stack(found.scores, 1).log_softmax(-1).gather(-1, ids.unsqueeze(-1)).squeeze(-1)
    assert torch.allclose(scores[mask], wanted[mask], atol=1e-5, rtol=0)
    torch.manual_seed(0)
    assert torch.equal(model.generate(num_return_sequences=64), found.sequences)


def test_the_state_stands_in_for_the_whole_past(runs: Runs) -> None:
    _, model, tokenizer = exported(runs(GENERATORS["relational"]))
    words = TEXTS[0].split()
    prompts = tokenizer([words[0], " ".join(words[:3])], return_tensors="pt", padding=True)
    for way in ({"num_beams": 1}, {"num_beams": 3}):
        with_state, without = (
            model.generate(**prompts, **way, do_sample=False, use_cache=cached) for cached in (True, False)
        )
        assert torch.equal(with_state, without)
    seen: list[int] = []
    step = model.generator.step
    model.generator.step = lambda token, state: seen.append(len(token)) or step(token, state)
    found = model.generate(**prompts, do_sample=False, eos_token_id=None)
    assert len(seen) == found.shape[1]  # one step a token, and one for <bos>; the last token is not read


def test_a_generator_by_label(runs: Runs) -> None:
    _, model, tokenizer = exported(runs(labels=("neg", "pos")))
    torch.manual_seed(0)
    drawn = model.generate(labels="pos", num_return_sequences=4)
    torch.manual_seed(0)
    assert torch.equal(model.generate(labels=[1, 1, 1, 1]), drawn)
    torch.manual_seed(0)
    assert not torch.equal(model.generate(labels=0, num_return_sequences=4), drawn)
    generate = pipeline("text-generation", model=model, tokenizer=tokenizer)
    assert isinstance(generate("", labels="pos")[0]["generated_text"], str)
    asked: list[torch.Tensor] = []
    start = model.generator.start
    model.generator.start = lambda prompt: asked.append(prompt.labels) or start(prompt)
    model.generate(num_return_sequences=60)
    assert sorted(asked[0].unique().tolist()) == [0, 1] and len(asked) == 1  # drawn once, for whole sentences
    for labels, told in (
        ("poss", "Did you mean 'pos'?"),
        (2, "not one of the 2"),
        (["pos"] * 3, "3 for 2 rows"),
    ):
        with pytest.raises(ValueError, match=told.replace("?", r"\?")):
            model.generate(torch.tensor([[1], [1]]), labels=labels)
    with pytest.raises(ValueError, match="give label_ids"):
        model(torch.tensor([[1, 5]]))
    with pytest.raises(ValueError, match="without labels"):
        exported(runs())[1].generate(labels="pos")


@pytest.mark.parametrize("kind", ["word", "character", "bpe"])
def test_the_tokenizer_reads_and_writes_as_ours(kind: str, runs: Runs) -> None:
    ours, model, tokenizer = exported(runs(kind=kind))
    lines = [*TEXTS[:10], "a man's dog , unheard-of !", "Ünseen  spaces"]
    assert tokenizer(lines).input_ids == [[1, *row] for row in ours.tokenizer.encode(lines)]
    text = written(ours, 16)
    assert tokenizer.batch_decode(text.ids, skip_special_tokens=True) == ours.tokenizer.decode(text.ids)
    assert (tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id) == (0, 1, 2)


def test_a_pipeline_continues_a_prompt(runs: Runs) -> None:
    run = runs()
    exported(run)
    generate = pipeline("text-generation", str(run.parent / "out"))
    prompt = " ".join(TEXTS[0].split()[:2]) + " "
    told = generate(prompt, num_return_sequences=3)
    assert len(told) == 3 and all(one["generated_text"].startswith(prompt) for one in told)
    assert isinstance(generate("")[0]["generated_text"], str)
    torch.manual_seed(0)
    numbers = generate(prompt, return_tensors=True)[0]["generated_token_ids"]
    torch.manual_seed(0)
    ids = generate.tokenizer(prompt, return_tensors="pt")
    assert (
        numbers == generate.model.generate(**ids)[0].tolist()
    )  # at temperature 1, not the pipeline's own 0.7


def test_the_loss_is_that_of_teacher_forcing(runs: Runs) -> None:
    ours, model, _ = exported(runs(GENERATORS["tied"]))
    text = written(ours, 6)
    ids = torch.cat([torch.ones_like(text.ids[:, :1]), text.ids], 1)
    mask = torch.cat([torch.ones_like(text.mask[:, :1]), text.mask], 1)
    loss = model(ids, mask, labels=ids).loss
    with torch.no_grad():
        wanted = -ours.generator.log_prob(text).sum() / text.mask.sum()
    assert loss.item() == pytest.approx(float(wanted), abs=1e-5)
    loss.backward()
    assert model.generator.table.weight is model.generator.output.weight
    assert model.generator.table.weight.grad.abs().sum() > 0


def test_importing_textgan_is_all_it_takes(runs: Runs, tmp_path: Path) -> None:
    """Before transformers: and that loads neither torch nor transformers."""
    run = runs()
    exported(run)
    code = (
        "import sys, textgan; assert not {'torch', 'transformers'} & set(sys.modules)\n"
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        "model = AutoModelForCausalLM.from_pretrained(sys.argv[1])\n"
        "print(type(model).__name__, AutoTokenizer.from_pretrained(sys.argv[1]).bos_token_id)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(run.parent / "out")], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.split() == ["TextganForCausalLM", "1"], done.stderr


def test_transformers_may_be_imported_before(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if textgan had not been imported yet: its finder and its classes taken away, transformers' left."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING

    run = runs()
    exported(run)
    for mapping in (CONFIG_MAPPING, MODEL_FOR_CAUSAL_LM_MAPPING):
        monkeypatch.setattr(mapping, "_extra_content", {})
    monkeypatch.setattr(
        sys, "meta_path", [one for one in sys.meta_path if "textgan" not in type(one).__module__]
    )
    with pytest.raises(ValueError, match="does not recognize"):
        AutoModelForCausalLM.from_pretrained(run.parent / "out")
    announce()
    announce()
    assert type(AutoModelForCausalLM.from_pretrained(run.parent / "out")).__name__ == "TextganForCausalLM"
    assert sum("textgan" in type(one).__module__ for one in sys.meta_path) == 1


def test_a_config_can_name_no_code(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("raise SystemExit('was run')")
    part = {"name": f"{tmp_path}/mine.py:Mine"}
    config = AutoConfig.for_model("textgan", generator_part=part)
    with pytest.raises(ValueError, match="no generator is called"):
        AutoModelForCausalLM.from_config(config)


def test_the_card_tells_what_it_is(runs: Runs) -> None:
    run = runs()
    exported(run)
    out = run.parent / "out"
    files = {file.name for file in out.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md"} <= files
    assert not any(name.endswith(".py") for name in files)
    told = (out / "README.md").read_text()
    head = yaml.safe_load(told.split("---\n")[1])
    assert head["library_name"] == "transformers" and "textgan" in head["tags"]
    assert "| BLEU-2 | .500 | .500 | `bleu\\|n:2\\|v:0.1` |" in told
    assert "- it went wrong" in told and "poems.txt" in told and "/home/someone" not in told
    assert "\n".join(load(run).sample(10)) in told
    recipe = told.split("```yaml\n")[1].split("\n```")[0]
    assert yaml.safe_load(recipe)["generator"] == GENERATORS["lstm"]


@pytest.mark.parametrize(
    ("checkpoint", "train", "told"),
    [
        ("last", {"mle": {}, "adversarial": {}}, "maximum likelihood and then the strategy `reinforce`"),
        ("last", {"adversarial": {}}, "the strategy `reinforce`"),
        ("pretrained", {"mle": {}, "adversarial": {}}, "maximum likelihood"),
        ("last", {"mle": {}}, "maximum likelihood"),
    ],
)
def test_the_card_says_what_these_weights_went_through(
    checkpoint: str, train: dict[str, Any], told: str, runs: Runs
) -> None:
    record = reading.read(runs())
    recipe = {**record.recipe, "train": train, "strategy": {"name": "reinforce"}}
    text = card.write(replace(record, recipe=recipe), checkpoint, ["a dog ."], [], 9)
    assert f"trained with textgan by {told}, recipe `mine`" in text


@pytest.mark.parametrize(
    ("generator", "why"),
    [
        ("continuous", "gives no probability of the next token"),
        ("latent", "gives no probability of the next token"),
        ("manager-worker", "reads the discriminator while it writes"),
        ("./mine.py:Mine", "is a file of yours"),
    ],
)
def test_what_cannot_be_exported_is_refused_in_one_line(
    generator: str, why: str, runs: Runs, tmp_path: Path, capsys: CI
) -> None:
    run = runs()
    values = yaml.safe_load((run / "recipe.yaml").read_text())
    (run / "recipe.yaml").write_text(yaml.safe_dump(values | {"generator": {"name": generator}}))
    assert command(["export", str(run), str(tmp_path / "new" / "out")]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"textgan: generator: {generator} cannot be exported: it {why}")
    assert told.count("\n") == 1 and not (tmp_path / "new").exists()


def test_a_folder_with_files_is_left_alone_but_by_force(runs: Runs, tmp_path: Path, capsys: CI) -> None:
    run = str(runs())
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "config.json").write_text("old")
    assert command(["export", run, str(tmp_path)]) == 2
    assert "add --force" in capsys.readouterr().err and (tmp_path / "config.json").read_text() == "old"
    assert command(["export", run, str(tmp_path), "--force"]) == 0
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert json.loads((tmp_path / "config.json").read_text())["model_type"] == "textgan"
    assert command(["export", run, str(tmp_path / "new"), "--checkpoint", "best"]) == 2
    assert "--checkpoint: the run has no checkpoint 'best'" in capsys.readouterr().err
    assert not (tmp_path / "new").exists() and len(list(tmp_path.iterdir())) == 8


def test_one_call_uploads_it(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: CI) -> None:
    sent: dict[str, Any] = {}

    class Address(str):
        repo_id = "me/mine"

    class Api:
        def create_repo(self, name: str, **options: Any) -> Address:
            sent["made"] = (name, options["private"])
            return Address("https://huggingface.co/me/mine")

        def upload_folder(self, **options: Any) -> None:
            sent.update(options)

    run = str(runs())
    monkeypatch.setattr("huggingface_hub.HfApi", Api)
    (tmp_path / "secret.txt").write_text("not to be sent")
    words = ["export", run, str(tmp_path), "--force", "--push", "mine", "--private"]
    assert command(words) == 0
    assert sent["made"] == ("mine", True) and sent["repo_id"] == "me/mine" and sent["folder_path"] == tmp_path
    assert "model.safetensors" in sent["allow_patterns"] and "secret.txt" not in sent["allow_patterns"]
    assert "uploaded: https://huggingface.co/me/mine" in capsys.readouterr().out

    def refused(self: Api, name: str, **options: Any) -> Address:
        raise ConnectionError("no route to host")

    monkeypatch.setattr(Api, "create_repo", refused)
    assert command(words) == 2
    told = capsys.readouterr().err
    assert "--push: mine was not uploaded (no route to host)" in told and told.count("\n") == 1
    assert command(["export", run, str(tmp_path), "--private"]) == 2
