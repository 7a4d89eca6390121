// What a newcomer may try first: each shows one circuit that is known in small models.

const repeated = [929, 1776, 1149, 1757, 1895, 1603, 1210, 1411, 1337, 1042, 1688, 1555];

export const starters = [
  {
    title: "Who gets the drink?", about: "Which heads find the right name? Choose the answer's token, then cut one.",
    prompt: "When Mary and John went to the store, John gave a drink to", maxTokens: 2, panels: ["why", "circuit", "change"],
  },
  {
    title: "Capital of France", about: "A fact, told in a chat. Watch what every layer would say.",
    messages: [{ role: "user", content: "What is the capital of France?" }], maxTokens: 24, panels: ["lens", "map", "change"],
  },
  {
    title: "Seen before", about: "Random tokens, twice. Heads that look one behind the last time (induction) complete them.",
    tokens: [...repeated, ...repeated.slice(0, 6)], maxTokens: 6, panels: ["attention", "why", "change"], only: "circuits-5m",
  },
];
