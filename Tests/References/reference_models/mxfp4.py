"""OpenAI's MXFP4 layout: FP4 (E2M1) blocks of 32 with a power-of-two scale byte."""
from __future__ import annotations

FP4 = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]


def mxfp4_quantise(w):
    """w: [..., rows, cols] float32 (cols % 32 == 0), the reduction dimension last.
    Returns blocks uint8 [..., rows, cols/32, 16] and scales uint8 [..., rows, cols/32].
    Element 2j of a block is the LOW nibble of byte j, element 2j+1 the HIGH nibble; scale = 2**(s-127)."""
    import torch
    *pre, cols = w.shape
    b = w.float().reshape(*pre, cols // 32, 32)
    amax = b.abs().amax(-1).clamp_min(2.0 ** -120)
    e = torch.floor(torch.log2(amax)) - 2          # 6.0 = 1.5 * 2**2 is the largest FP4
    e = torch.where(amax / 2.0 ** e > 7.0, e + 1, e)
    x = b / (2.0 ** e)[..., None]
    lut = torch.tensor(FP4)
    mag = (x.abs()[..., None] - lut).abs().argmin(-1)
    code = (mag + 8 * (x < 0) * (mag > 0)).to(torch.uint8)
    blocks = code[..., 0::2] | (code[..., 1::2] << 4)
    return blocks.contiguous(), (e + 127).to(torch.uint8).contiguous()


def gpt_oss_to_mxfp4_sd(sd):
    import torch
    out = {}
    for k, v in sd.items():
        if k.endswith(("experts.gate_up_proj", "experts.down_proj")):
            blocks, scales = mxfp4_quantise(v.transpose(1, 2))     # [E, out, in]
            out[k + "_blocks"], out[k + "_scales"] = blocks, scales
        else:
            out[k] = v.to(torch.bfloat16).contiguous()
    return out
