"""The model in plain PyTorch: the Llama architecture, with the parameter names of transformers.

Written out here because it trains faster than the transformers classes on a CPU; `export.py`
writes its weights unchanged, and `evaluate.py` uses transformers, not this file.
"""
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    vocab: int = 2048
    d: int = 128
    layers: int = 24
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 32
    inter: int = 384
    theta: float = 10000.0
    eps: float = 1e-5
    context: int = 512


class Norm(nn.Module):
    def __init__(self, d, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d))
        self.eps = eps

    def forward(self, x):
        y = x.float()
        return (y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight).to(x.dtype)


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.q_proj = nn.Linear(c.d, c.heads * c.head_dim, bias=False)
        self.k_proj = nn.Linear(c.d, c.kv_heads * c.head_dim, bias=False)
        self.v_proj = nn.Linear(c.d, c.kv_heads * c.head_dim, bias=False)
        self.o_proj = nn.Linear(c.heads * c.head_dim, c.d, bias=False)

    def forward(self, x, cos, sin, mask):
        c = self.c
        B, S, _ = x.shape
        q = self.q_proj(x).view(B, S, c.heads, c.head_dim).transpose(1, 2)
        k = self.k_proj(x).view(B, S, c.kv_heads, c.head_dim).transpose(1, 2)
        v = self.v_proj(x).view(B, S, c.kv_heads, c.head_dim).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        n = c.heads // c.kv_heads
        # Written out: on short sequences this is faster than PyTorch's flash attention on a CPU.
        # The heads that share a key head lie one after another on the query axis.
        q = q.reshape(B * c.kv_heads, n * S, c.head_dim)
        k = k.reshape(B * c.kv_heads, S, c.head_dim)
        v = v.reshape(B * c.kv_heads, S, c.head_dim)
        a = torch.bmm(q, k.transpose(1, 2)) * c.head_dim ** -0.5
        a = a.view(-1, n, S, S).float() + mask
        a = torch.softmax(a, -1).to(v.dtype).view(-1, n * S, S)
        y = torch.bmm(a, v).view(B, c.heads, S, c.head_dim)
        return self.o_proj(y.transpose(1, 2).reshape(B, S, -1))


class MLP(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gate_proj = nn.Linear(c.d, c.inter, bias=False)
        self.up_proj = nn.Linear(c.d, c.inter, bias=False)
        self.down_proj = nn.Linear(c.inter, c.d, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm = Norm(c.d, c.eps)
        self.self_attn = Attention(c)
        self.post_attention_layernorm = Norm(c.d, c.eps)
        self.mlp = MLP(c)

    def forward(self, x, cos, sin, mask):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.embed_tokens = nn.Embedding(c.vocab, c.d)
        self.layers = nn.ModuleList(Block(c) for _ in range(c.layers))
        self.norm = Norm(c.d, c.eps)
        f = c.theta ** (-torch.arange(0, c.head_dim, 2).float() / c.head_dim)
        a = torch.outer(torch.arange(c.context).float(), f)
        self.register_buffer("cos", a.cos(), persistent=False)
        self.register_buffer("sin", a.sin(), persistent=False)
        for n, p in self.named_parameters():
            if p.dim() == 2:
                std = 0.05 if "embed" in n else p.shape[1] ** -0.5 * 0.6
                if n.endswith(("o_proj.weight", "down_proj.weight")):
                    std /= (2 * c.layers) ** 0.5
                nn.init.normal_(p, std=std)

    def forward(self, ids, targets=None, weights=None):
        S = ids.shape[1]
        x = self.embed_tokens(ids)
        cos, sin = self.cos[:S], self.sin[:S]
        mask = torch.full((S, S), float("-inf")).triu(1)
        for b in self.layers:
            x = b(x, cos, sin, mask)
        if targets is None:
            return F.linear(self.norm(x), self.embed_tokens.weight)
        return self.loss(x, targets, weights)

    def loss(self, x, targets, weights):
        logits = F.linear(self.norm(x), self.embed_tokens.weight).float().flatten(0, 1)
        return (F.cross_entropy(logits, targets.flatten(), reduction="none") * weights.flatten()).sum()
