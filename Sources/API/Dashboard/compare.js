// Two runs token by token: both models' distributions over the same text (the shown run's), from one pass each, in double
// precision: Kullback-Leibler divergence, and what each would have said.

import { probe } from "./probe.js";

/** Positions whose logits are asked for at once: what travels stays under some 24 MB. */
export const most = (vocabulary) => Math.max(8, Math.min(512, Math.floor(6e6 / vocabulary)));

/** Log-probabilities of a row of logits. */
function logSoftmax(logits) {
  let high = -Infinity;
  for (const one of logits) high = Math.max(high, one);
  let sum = 0;
  for (const one of logits) sum += Math.exp(one - high);
  const shift = high + Math.log(sum);
  return Float64Array.from(logits, (one) => one - shift);
}

/** Σ p (log p - log q), in nats. */
export function divergence(p, q) {
  let sum = 0;
  for (let index = 0; index < p.length; index++) {
    const share = Math.exp(p[index]);
    if (share > 0) sum += share * (p[index] - q[index]);
  }
  return Math.max(0, sum);
}

/** The id of the largest logit, one id left out. */
function likeliest(row, without = -1) {
  let best = without === 0 ? 1 : 0;
  for (let id = 1; id < row.length; id++) if (id !== without && row[id] > row[best]) best = id;
  return best;
}

/**
 * For each token of the answer: `{position, kl, before, after, difference, instead}`: its log-probabilities in both, the change of
 * its logit less that of `rival` (what the changed model would say, or the shown one's next best where they agree).
 */
export async function compareRuns(base, changed, vocabulary) {
  const first = Math.max(base.promptLength - 1, base.tokens.length - 1 - most(vocabulary));
  const tokens = base.tokenIds.slice(0, -1);
  const hooks = [{ layer_name: "lm_head", component: "logits", hook_id: "logits", positions: { from: first, to: tokens.length } }];
  const ask = (interventions) => probe(tokens, { model: base.model, hooks, interventions });
  const [one, other] = await Promise.all([ask(base.request?.interventions), ask(changed.request?.interventions)]);
  return base.tokens.slice(first + 1).map((token, index) => {
    const place = first + index;
    const [a, b] = [one.logits[place], other.logits[place]];
    const [p, q] = [logSoftmax(a), logSoftmax(b)];
    const instead = likeliest(b);
    const rival = instead === token.id ? likeliest(a, token.id) : instead;
    return {
      position: place + 1, kl: divergence(p, q), before: p[token.id], after: q[token.id],
      difference: (b[token.id] - b[rival]) - (a[token.id] - a[rival]), rival, instead,
    };
  });
}
