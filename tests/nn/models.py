"""Models whose checkpoints PyTorch wrote; made alike with either library's `nn`."""

MODELS = {
    "mlp": lambda nn: nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)),
    "cnn": lambda nn: nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 4, 3, groups=2),
        nn.Flatten(),
        nn.Linear(16, 3),
    ),
    "lstm": lambda nn: nn.LSTM(5, 4, num_layers=2, bidirectional=True, batch_first=True),
    "transformer": lambda nn: nn.TransformerEncoder(
        nn.TransformerEncoderLayer(8, 2, dim_feedforward=12, dropout=0.1, batch_first=True), 2
    ),
}
INPUTS = {"mlp": (4, 6), "cnn": (4, 2, 8, 8), "lstm": (3, 7, 5), "transformer": (2, 6, 8)}
