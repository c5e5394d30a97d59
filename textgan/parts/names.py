"""Which parts there are, by the names that a recipe uses."""

from __future__ import annotations

_ADVERSARIAL = "textgan.objectives.adversarial"

PARTS: dict[str, dict[str, str]] = {
    "corpus": {
        "captions": "textgan.data.embedded:Captions",
        "stories": "textgan.data.embedded:Stories",
        "file": "textgan.data.files:File",
        "mapped": "textgan.data.mapped:Mapped",
        "datasets": "textgan.data.hub:Datasets",
        "coco": "textgan.data.named:Coco",
        "coco60": "textgan.data.named:Coco60",
        "coco-mixed": "textgan.data.named:CocoMixed",
        "emnlp_news": "textgan.data.named:EmnlpNews",
        "mr": "textgan.data.named:Mr",
        "oracle": "textgan.data.oracle:Oracle",
        "reviews": "textgan.data.embedded:Reviews",
        "molecules": "textgan.data.embedded:Molecules",
        "passwords": "textgan.data.embedded:Passwords",
        "topics": "textgan.data.topics:Topics",
    },
    "tokenizer": {
        **{name: f"textgan.data.tokenizers:{name}" for name in ("word", "character", "bpe", "pretrained")},
        "numbered": "textgan.data.numbered:numbered",
    },
    "generator": {
        "lstm": "textgan.generators.recurrent:LSTM",
        "gru": "textgan.generators.recurrent:GRU",
        "continuous": "textgan.generators.continuous:Continuous",
        "relational": "textgan.generators.relational:Relational",
        "manager-worker": "textgan.generators.manager_worker:ManagerWorker",
        "noise-lstm": "textgan.generators.simplex:NoiseLSTM",
        "deconvolution": "textgan.generators.simplex:Deconvolution",
        "latent": "textgan.generators.latent:Latent",
        "bag": "textgan.generators.bag:Bag",
        "pretrained": "textgan.generators.pretrained:Pretrained",
    },
    "discriminator": {
        "cnn": "textgan.discriminators.cnn:CNN",
        "mediator": "textgan.discriminators.mediator:Mediator",
        "multi-representation": "textgan.discriminators.multi_representation:MultiRepresentation",
        "latent": "textgan.discriminators.latent:Latent",
        "recurrent": "textgan.discriminators.recurrent:RecurrentJudge",
        "autoencoder": "textgan.discriminators.autoencoder:Autoencoder",
        "several": "textgan.discriminators.several:Several",
        "bag-autoencoder": "textgan.discriminators.bag:BagAutoencoder",
        "pretrained": "textgan.discriminators.pretrained:Pretrained",
    },
    "objective": {
        "minimax": f"{_ADVERSARIAL}:Minimax",
        "non-saturating": f"{_ADVERSARIAL}:NonSaturating",
        "log-odds": f"{_ADVERSARIAL}:LogOdds",
        "least-squares": f"{_ADVERSARIAL}:LeastSquares",
        "hinge": f"{_ADVERSARIAL}:Hinge",
        "wasserstein": f"{_ADVERSARIAL}:Wasserstein",
        "relativistic": f"{_ADVERSARIAL}:Relativistic",
        "relativistic-average": f"{_ADVERSARIAL}:RelativisticAverage",
        "rank": "textgan.objectives.rank:Rank",
        "likelihood": "textgan.objectives.likelihood:Likelihood",
        "mmd": "textgan.objectives.features:MaximumMeanDiscrepancy",
        "feature-mover": "textgan.objectives.features:FeatureMover",
        "per-token": "textgan.objectives.per_token:PerToken",
        "energy": "textgan.objectives.energy:Energy",
        "semi-supervised": "textgan.objectives.classes:SemiSupervised",
        "class-penalty": "textgan.objectives.classes:ClassPenalty",
        "mixed-reward": "textgan.objectives.mixed:MixedReward",
        "margin": "textgan.objectives.margin:Margin",
    },
    "penalty": {
        "gradient": "textgan.objectives.penalties:GradientPenalty",
        "score-decay": "textgan.objectives.decay:ScoreDecay",
        "r1": "textgan.objectives.penalties:RealGradientPenalty",
    },
    "strategy": {
        "reinforce": "textgan.strategies.reinforce:Reinforce",
        "importance-weights": "textgan.strategies.importance:ImportanceWeights",
        "cooperative": "textgan.strategies.cooperative:Cooperative",
        "gumbel": "textgan.strategies.gumbel:Gumbel",
        "embedding": "textgan.strategies.embedding:Embedding",
        "latent": "textgan.strategies.latent:Latent",
        "dense": "textgan.strategies.dense:Dense",
    },
    "phase": {
        "mle": "textgan.training.mle:Mle",
        "discriminator": "textgan.training.discriminator:Discriminate",
        "adversarial": "textgan.training.adversarial:Adversarial",
    },
    "callback": {"tracking": "textgan.training.tracking:Tracking"},
    "evaluation": {"evaluation": "textgan.training.evaluation:Evaluation"},
}
"""Kind of part -> name in a recipe -> where it lives. Nothing is imported before it is asked for."""

DEFAULT_NAMES = {"corpus": "file", "tokenizer": "word", "evaluation": "evaluation"}
"""What a mapping without `name` means."""
