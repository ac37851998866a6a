"""The same training step in PyTorch, at the thesis's shape of Last.fm: embedding, GRU over padded
sessions, the GRU over earlier sessions' means, linear layer, cross-entropy, Adam.  Prints rows of
name, value and unit."""
import sys
import time

try:
    import torch
except ImportError:
    sys.exit("gpu_torch: no PyTorch for this python3: left out")
if not torch.cuda.is_available():
    sys.exit("gpu_torch: PyTorch sees no GPU: left out")

ITEMS, SIZE, SESSIONS, LENGTH, HISTORY, STEPS = 94284, 100, 100, 8, 15, 100


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(ITEMS, SIZE)
        self.inter = torch.nn.GRU(SIZE, SIZE, batch_first=True)
        self.intra = torch.nn.GRU(SIZE, SIZE, batch_first=True)
        self.drop = torch.nn.Dropout(0.2)
        self.output = torch.nn.Linear(SIZE, ITEMS)

    def forward(self, items, past):
        x = self.drop(self.embedding(items))
        _, state = self.inter(self.drop(past))
        h, _ = self.intra(x, self.drop(state))
        return self.output(self.drop(h)), x.detach().mean(1)


def measure(name, dtype, tf32):
    torch.manual_seed(1)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    model = Model().cuda()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)
    items = torch.randint(ITEMS, (STEPS, SESSIONS, LENGTH + 1), device="cuda")
    past = torch.zeros(SESSIONS, HISTORY, SIZE, device="cuda")

    def step(batch):
        nonlocal past
        with torch.autocast("cuda", dtype, enabled=dtype is not None):
            scores, mean = model(batch[:, :-1], past)
            loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        past = torch.cat([past[:, 1:], mean.float()[:, None]], 1)

    for batch in items[:10]:
        step(batch)
    torch.cuda.synchronize()
    begin = time.perf_counter()
    for batch in items:
        step(batch)
    torch.cuda.synchronize()
    took = (time.perf_counter() - begin) / STEPS
    print(f"gpu_torch_{name}_step\t{1e3 * took:.3f}\tms", flush=True)


measure("f32", None, False)
measure("tf32", None, True)
measure("bf16", torch.bfloat16, True)
