// Types of neuroscope.js. What travels as JSON keeps the names of the wire; servers may send more than is named here.

export type JSONValue = null | boolean | number | string | JSONValue[] | {[name: string]: JSONValue};
export type JSONObject = Record<string, unknown>;

// MARK: Errors

export interface ErrorFacts {
  status?: number;
  code?: string;
  details?: JSONObject;
  requestId?: string | null;
  cause?: unknown;
}

/** A refusal of the server, in its own words; the other errors of this module are kinds of it. */
export class NeuroScopeError extends Error {
  constructor(message: string, facts?: ErrorFacts);
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** The machine-readable name of the refusal. */
  readonly code: string;
  readonly details: JSONObject;
  readonly requestId: string | null;
  static from(body: unknown, status?: number): NeuroScopeError;
}

/** The server could not be reached, or the connection broke and could not be taken up again. */
export class ConnectionLostError extends NeuroScopeError {
  constructor(message: string, cause?: unknown);
}

/** A run ended by a fault of its own, after its stream had begun. */
export class RunFailedError extends NeuroScopeError {}

export type FrameFault =
  | "magic" | "version" | "headerLength" | "field" | "shape" | "rawLength" | "payloadLength" | "limit" | "checksum"
  | "truncated" | "trailingBytes" | "plane";

/** Bytes that are not a tensor frame. */
export class FrameError extends NeuroScopeError {
  constructor(code: FrameFault, details?: JSONObject);
  readonly code: FrameFault;
}

// MARK: Tensor frames

export type ElementType = "f32" | "f16" | "bf16" | "i8" | "u32";
export type Codec = "raw" | "deflate" | "planes";
/** Numbers row by row: u32 as they are, all other element types as singles. */
export type Values = Float32Array | Uint32Array;
export type Bytes = ArrayBuffer | ArrayBufferView;

/** One tensor as it came: what its header says, and its bytes. */
export class Frame {
  private constructor();
  readonly bytes: Uint8Array;
  readonly payload: Uint8Array;
  readonly shape: number[];
  readonly elementType: ElementType;
  readonly codec: Codec;
  readonly rawLength: number;
  /** 1 activation, 2 reduction, 3 indices, 4 analysis. */
  readonly kind: number;
  readonly flags: number;
  readonly step: number;
  readonly sequence: bigint;
  readonly firstPosition: number;
  readonly positionStride: number;
  readonly hookIndex: number;
  readonly layer: number | null;
  readonly component: string | null;
  readonly isInput: boolean;
  readonly isLastOfPass: boolean;
  readonly hasListedPositions: boolean;
  readonly isChanged: boolean;
  values(): Promise<Values>;
}

/** Bytes that one tensor may take unless a reader says otherwise. */
export const TENSOR_LIMIT: number;
export function crc32(bytes: Uint8Array, before?: number): number;
/** The frame that begins at a byte; more may follow. */
export function readFrame(bytes: Bytes, start?: number, limit?: number): Frame;
/** Exactly one frame. */
export function decodeFrame(bytes: Bytes, limit?: number): Frame;
/** The frames that follow each other in some bytes. */
export function splitFrames(bytes: Bytes, limit?: number): Frame[];

// MARK: Messages

// generated: types, from schemas/
export interface Health {
  status: "healthy";
  service: "mlx-engine-neuroscope";
  component: string;
  version: string;
  timestamp: string;
  current_model: string | null;
  /** Whether a model is loaded. */
  ready: boolean;
  loaded_models: string[];
  total_loaded: number;
  active_runs?: number;
}

export interface Parameter {
  name: string;
  type: string;
  required: boolean;
  /** In words. */
  default?: string;
  meaning: string;
}

/** What the server can capture, reduce, change and send. */
export interface Capabilities {
  service: "neuroscope";
  version: string;
  components: string[];
  reductions: string[];
  dtypes: string[];
  codecs: string[];
  encodings: string[];
  transports: string[];
  websocket_subprotocols: string[];
  viewer_policies: string[];
  run_controls: string[];
  interventions: string[];
  /** The same with older names, what each does, and its parameters. */
  intervention_kinds?: {name: string; aliases: string[]; summary: string; parameters: Parameter[]}[];
  analyses: string[];
  supports_activations: boolean;
  supports_streaming: boolean;
  supports_recordings: boolean;
  /** Most that the captures of one run may weigh. */
  capture_budget_bytes: number;
}

export interface ModelEntry {
  id: string;
  object: "model";
  /** Seconds since 1970. */
  created: number;
  owned_by: "mlx-engine";
  model_id: string;
  status: "loaded";
  supports_activations: boolean;
  is_current: boolean;
  model_type: string;
}

/** The same entries under both names. */
export interface Models {
  object: "list";
  models: ModelEntry[];
  data: ModelEntry[];
}

export interface AvailableModels {
  models: {id: string; path: string; format: string; bytes: number; loaded: boolean}[];
}

/** The facts of a loaded model. The first ones come only when it is asked for by name. */
export interface ModelFacts {
  id?: string;
  object?: "model";
  created?: number;
  owned_by?: "mlx-engine";
  is_current?: boolean;
  model_id: string;
  status: "loaded";
  /** False where only the vocabulary is loaded. */
  supports_activations: boolean;
  /** Only the tokenizer and the chat template are loaded: nothing can be run. Sizes are then what the files say,
   * or 0. */
  vocab_only: boolean;
  /** Its family, such as llama. */
  model_type: string;
  num_layers: number;
  hidden_size: number;
  vocab_size: number;
  /** How most weights are stored. */
  quantization: string | null;
  num_heads: number;
  num_key_value_heads: number;
  head_dim: number;
  num_experts: number;
  context_length: number;
  parameters: number;
  file_bytes: number;
  format: string;
  numerics: string;
  /** Of all bytes of the model's files; null while they are being read for it, where they changed since, and
   * where only the vocabulary is loaded. */
  model_hash: string | null;
  tokenizer_hash: string | null;
  /** Tokens that end an answer: the list of generation_config.json, or what the other files name and mark as
   * ends. */
  end_tokens: number[];
  /** How the model's makers would have tokens drawn (generation_config.json as transformers reads it, or
   * general.sampling of a GGUF file); null where the files do not say. A request takes it with
   * use_model_sampling; without that the documented defaults hold. Null members are left to those, too. */
  model_sampling: {temperature: number | null; top_k: number | null; top_p: number | null; min_p: number | null; repetition_penalty: number | null; not_applied: string[]} | null;
  /** Names in config.json, generation_config.json or GGUF metadata that are not understood; none changed
   * anything. */
  unknown_fields: string[];
  /** Tensors that no pass over text reads, by what they belong to. */
  tensors_aside: {name: string; tensors: number}[];
  /** What its user should know before trusting its answers. */
  notes: string[];
  /** Why it can't take chat messages, if so. */
  chat_format_problem?: string;
}

export interface HookPoint {
  name: string;
  layer: number | null;
  component: string;
  axes: string[];
  /** S stands for positions, K for keys. */
  shape: (number | "S" | "K")[];
  dtype: string;
  aliases: string[];
  /** Hooks that lead here. */
  documented: {layer_name: string; component: string; is_input: boolean}[];
}

export interface ComponentFacts {
  component: string;
  available: boolean;
  /** Why this model has none. */
  reason?: string;
}

/** Every point of a model that can be captured or changed, in the order of the forward pass. */
export interface HookPoints {
  model_id: string;
  model_type: string;
  num_layers: number;
  hook_points: HookPoint[];
  components: ComponentFacts[];
}

/** A tensor that is wanted: where it is taken, what of it is kept, and how it travels. */
export interface Hook {
  /** Such as transformer.h.5, model.layers.5.mlp or blocks.5.attn.hook_pattern. */
  layer_name: string;
  /** In any case; GET /v1/capabilities lists them. */
  component: string;
  /** By default layer_name_component. */
  hook_id?: string | null;
  capture_input?: boolean | null;
  capture_output?: boolean | null;
  positions?: "all" | "last" | number[] | {from?: number | null; to?: number | null; every?: number | null} | null;
  heads?: number[] | null;
  neurons?: number[] | null;
  experts?: number[] | null;
  /** Of the last axis: none; norm (Euclidean) and mean_abs drop it; stats: minimum, maximum, mean, standard
   * deviation; histogram: minimum, maximum and counts in 32 equal bins between; topk:K or {"topk": K}: the K
   * largest magnitudes as [values, indices]. */
  reduce?: string | {topk: number} | null;
  /** Of so many passes, one. */
  every?: number | null;
  dtype?: "f32" | "f16" | "bf16" | "i8" | null;
  encoding?: "nested" | "list" | "base64" | "none" | null;
}

/** As they were sent, each with its id and model. */
export interface RegisteredHooks {
  hooks: (Hook & {hook_id: string; model: string})[];
}

/** Has content, or tool_calls. */
export interface Message {
  role: "system" | "developer" | "user" | "assistant" | "tool";
  content?: string | {type?: "text" | "input_text" | null; text: string}[] | null;
  name?: string | null;
  reasoning_content?: string | null;
  tool_call_id?: string | null;
  tool_calls?: {id?: string | null; function: {name: string; arguments?: string | null}}[] | null;
}

/** A text's tokens. */
export interface Tokens {
  tokens: number[];
  pieces: string[];
  count: number;
  /** Says where the text spells itself what `add_special` adds. */
  note?: string;
}

export interface RunHook {
  /** As in the header of its frames. */
  index: number;
  hook_id: string;
  /** As it was asked for. */
  layer_name: string;
  component: string;
  is_input: boolean;
  /** Its name among the hook points. */
  point: string;
  layer: number | null;
  dtype: "f32" | "f16" | "bf16" | "i8" | "u32";
  /** S stands for positions, K for keys. */
  shape: (number | "S" | "K")[];
  /** False after it was taken off. */
  active: boolean;
}

export interface RunIntervention {
  intervention_id: string;
  kind: string;
  point: string;
  from_step: number;
  to_step: number | null;
  heads?: number[];
  neurons?: number[];
  experts?: number[];
  strength?: number;
  vector_length?: number;
  low?: number;
  high?: number;
  std?: number;
  seed?: number;
}

/** What holds for the run, defaults and drawn seed included. */
export interface RunSampling {
  temperature: number;
  top_p: number;
  top_k: number;
  min_p: number;
  repetition_penalty: number;
  presence_penalty: number;
  frequency_penalty: number;
  seed: number;
  max_tokens: number;
  stop: string[];
}

/** Exact counts of tokens. */
export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details?: {cached_tokens: number};
}

export interface Timings {
  queue_ms: number;
  prompt_ms: number;
  decode_ms: number;
  prompt_tokens_per_second: number | null;
  decode_tokens_per_second: number | null;
}

export interface Fault {
  message: string;
  type: string;
  code: string;
  /** The hook whose tensor is missing. */
  hook_id?: string;
}

/** A generation, or the replay of a recorded one, as it is now. */
export interface Run {
  run_id: string;
  status: "queued" | "running" | "paused" | "finished" | "cancelled" | "failed";
  model: string;
  /** The number that its next event will have. */
  seq: number;
  step: number;
  prompt_tokens: number;
  completion_tokens: number;
  finish_reason: "stop" | "length" | "cancelled" | "error" | "end_of_recording" | null;
  text: string;
  hooks: RunHook[];
  interventions: RunIntervention[];
  /** Their names. */
  analyses?: string[];
  recording_id: string | null;
  /** The run it was forked from. */
  parent_run_id?: string | null;
  viewers: number;
  /** Seconds since 1970. */
  created: number;
  detached?: boolean;
  sampling?: RunSampling;
  urls: {events: string; socket: string; frames: string};
  /** Once it is over. */
  usage?: Usage;
  /** Once it is over. */
  timings?: Timings;
  /** Why it failed. */
  error?: Fault;
  /** Of a replay: the recorded run. */
  replay_of?: string;
  /** Of a replay. */
  speed?: number;
}

/** How tokens are drawn, and when an answer ends; shared by chat, completions and runs. */
export interface SamplingOptions {
  maxTokens?: number | null;
  /** Goes before max_tokens. */
  maxCompletionTokens?: number | null;
  temperature?: number | null;
  topP?: number | null;
  topK?: number | null;
  minP?: number | null;
  repetitionPenalty?: number | null;
  presencePenalty?: number | null;
  frequencyPenalty?: number | null;
  /** Drawn and reported where it is not given. */
  seed?: number | null;
  stop?: string | string[] | null;
  /** Takes the model's own sampling (model_sampling of its description) for what the request leaves out, in place
   * of the defaults here. */
  useModelSampling?: boolean | null;
  /** Goes on behind the model's own end. */
  ignoreEos?: boolean | null;
  signal?: AbortSignal;
}

/** A change of the forward pass at a hook point. */
export interface Intervention {
  intervention_id?: string | null;
  layer_name: string;
  component: string;
  is_input?: boolean | null;
  /** One that GET /v1/capabilities lists under `interventions`, with its parameters beside it; or an older name
   * of one: zero_ablation, mean_ablation, noise_injection, activation_patching, scaled_intervention, steer. */
  kind: string;
  positions?: "all" | "last" | number[] | {from?: number | null; to?: number | null; every?: number | null} | null;
  heads?: number[] | null;
  neurons?: number[] | null;
  experts?: number[] | null;
  /** Of scale and add; of noise where std is not given. */
  strength?: number | null;
  /** Of mean and add: as wide as the point. */
  vector?: number[] | null;
  /** Of clamp. */
  low?: number | null;
  /** Of clamp. */
  high?: number | null;
  /** Of noise. */
  std?: number | null;
  /** Of noise. */
  seed?: number | null;
  /** Of patch: a capture that the server still holds, or the rows themselves. */
  source?: {run_id?: string | null; hook_id?: string | null; rows?: string | null; first_position?: number | null} | null;
  from_step?: number | null;
  to_step?: number | null;
}

/** Computed from each pass of the run, one event before the pass's token; each name once. */
export interface Analysis {
  /** One that GET /v1/analyses lists under `live`, with its parameters beside it. */
  name: string;
  /** All where absent. */
  layers?: number[] | null;
  /** As of hooks; the last one of each pass where absent. */
  positions?: "all" | "last" | number[] | {from?: number | null; to?: number | null; every?: number | null} | null;
  /** Of logit_lens. */
  top?: number | null;
  /** Of direct_logit_attribution: a token's id, or a text of one token. The chosen token where absent. */
  answer?: number | string | null;
  /** The same: its logit is taken off. */
  versus?: number | string | null;
  /** The same: whether attention is split by head. */
  heads?: boolean | null;
}

/** How tensors of the run travel. */
export interface FrameFormat {
  dtype?: "f32" | "f16" | "bf16" | "i8" | null;
  codec?: "raw" | "deflate" | "planes" | null;
}

/** One of messages, prompt and tokens, and what to capture and change while it runs. */
export interface RunRequest extends SamplingOptions {
  /** By default the current model. */
  model?: string | null;
  messages?: Message[];
  prompt?: string | null;
  tokens?: number[] | null;
  activationHooks?: Hook[] | null;
  /** Another name of activation_hooks. */
  hooks?: Hook[] | null;
  useRegisteredHooks?: boolean | null;
  interventions?: Intervention[] | null;
  analyses?: Analysis[] | null;
  frames?: FrameFormat | null;
  topLogprobs?: number | null;
  record?: boolean | null;
  /** Goes on although nobody watches. */
  detach?: boolean | null;
  start?: "running" | "paused" | null;
  addGenerationPrompt?: boolean | null;
  tools?: JSONObject[] | null;
  reasoningEffort?: "low" | "medium" | "high" | null;
  /** Lets text of messages become control tokens by spelling them. Off, it stays text. */
  parseSpecial?: boolean | null;
}

/** What the body names replaces the first run's. */
export interface ForkChanges extends SamplingOptions {
  activationHooks?: Hook[] | null;
  interventions?: Intervention[] | null;
  analyses?: Analysis[] | null;
  detach?: boolean | null;
  /** A fork is recorded as its parent is; false keeps it from that. */
  record?: boolean | null;
  start?: "running" | "paused" | null;
}

export interface HookChanges {
  /** One of an id in use replaces it. */
  add?: Hook[] | null;
  /** Their hook_id. */
  remove?: string[] | string | null;
  /** Replaces all hooks. */
  activationHooks?: Hook[] | null;
  signal?: AbortSignal;
}

/** The hooks of a run, and the first step that captures them. */
export interface ChangedHooks {
  run_id: string;
  first_step: number;
  hooks: RunHook[];
}

/** An intervention and the first step that it reaches, or no longer reaches. */
export interface AppliedIntervention {
  run_id?: string;
  intervention_id: string;
  first_step: number;
}

export interface AnalysisFacts {
  name: string;
  summary: string;
  /** Who described it. */
  source: string;
  parameters: Parameter[];
}

export interface Analyses {
  /** What a run computes as it streams. */
  live: AnalysisFacts[];
  /** What POST /v1/analyses computes. */
  sweeps: AnalysisFacts[];
}

/** One of prompt, messages and tokens. */
export interface Contrast {
  prompt?: string;
  messages?: Message[];
  tokens?: number[];
}

export interface Sweep {
  analysis: "activation_patching" | "ablation";
  model?: string | null;
  clean: string | Contrast | (string | Contrast)[];
  corrupted?: string | Contrast | (string | Contrast)[];
  answer: number | string | (number | string)[];
  wrong: number | string | (number | string)[];
  component: "resid_pre" | "resid_mid" | "resid_post" | "attn_out" | "mlp_out" | "q" | "k" | "v" | "z";
  by?: "layer" | "head" | "position" | null;
  /** Of ablation; zero where absent. */
  kind?: "zero" | "mean" | null;
  /** All where absent. */
  layers?: number[] | null;
  stream?: boolean | null;
  signal?: AbortSignal;
}

export interface SweepResult {
  type: "analysis.result";
  analysis: string;
  model: string;
  /** The answer's logit less the wrong one's, at the last position, mean over prompts. */
  metric: "logit_diff";
  clean: number;
  corrupted: number | null;
  axes: ("layer" | "head" | "position")[];
  layers: number[];
  /** The first prompt's, where places are positions. */
  tokens?: string[];
  logit_diff: (number | null)[][];
  /** Patching: (patched - corrupted) / (clean - corrupted), 1 is all of it. Ablation: ablated - clean. */
  effect: (number | null)[][];
  passes: number;
}

export interface Recording {
  recording_id: string;
  /** The run that was recorded. */
  run_id: string;
  model: string;
  bytes: number;
  events: number;
  frames: number;
  /** Whether the run was recorded to its end. */
  complete: boolean;
  /** Seconds since 1970. */
  created: number;
}

export interface RecordingDetails extends Recording {
  /** The first record of the file. */
  metadata: {run_id: string; model: string; model_hash: string | null; model_hash_of?: "bytes"; tokenizer_hash: string | null; seed: string | null};
  /** Why not all of it can be read. */
  damage?: {reason: "truncated" | "head" | "checksum" | "noIndex" | "index"; whole_bytes: number; lost_bytes: number};
}

export interface Verification {
  /** Nothing that is in the file differs. */
  ok: boolean;
  /** Whether the recording was finished; what was cut off is not looked for. */
  complete: boolean;
  frames_compared: number;
  first_difference: {seq: number; step: number | null; hook_id: string | null; reason: string} | null;
}

export interface Scenario {
  name: string;
  title: string;
  group: string;
  hook_configuration?: string;
  /** The answer has to contain one. */
  expect_any?: string[];
}

export interface HookConfiguration {
  name: string;
  description: string;
  /** The depth that the layers are meant for. */
  layers: number;
  hooks: Hook[];
}

/** The documented experiments and the sets of hooks they use. */
export interface Scenarios {
  scenarios: Scenario[];
  hook_configurations: HookConfiguration[];
}

export interface ScenarioRun {
  run_id: string;
  run: Run;
  scenario: string;
  /** Hooks that were moved because the model has another depth. */
  scaled_layers: {hook_id: string; documented_layer: number; layer: number}[];
}

export type EventType = "run.started" | "prompt.progress" | "token" | "text" | "activation" | "analysis" |
  "hooks.changed" | "intervention.applied" | "intervention.removed" | "run.paused" | "run.resumed" | "run.rewound" |
  "run.forked" | "recording.stopped" | "gap" | "run.finished" | "error";
// end of generated

export type Positions = "all" | "last" | number[] | JSONObject;

export type Encoding = "nested" | "list" | "base64" | "none";

export interface CompletionOptions extends SamplingOptions {
  model?: string;
  stream?: boolean;
  n?: number;
  logprobs?: boolean | number;
  topLogprobs?: number;
  streamOptions?: {include_usage?: boolean};
  signal?: AbortSignal;
}

export interface ActivationOptions extends CompletionOptions {
  useRegisteredHooks?: boolean;
  /** How numbers travel; with any but "base64", the default, they come as the server writes them. */
  encoding?: Encoding;
}

export interface Activation {
  hook_id: string;
  layer_name: string;
  component: string;
  shape: number[];
  dtype: string;
  is_input: boolean;
  step: number;
  /** The first position and the one behind the last. */
  positions: [number, number];
  /** All positions, where they are not evenly spaced. */
  position_list?: number[];
  data: Values | JSONValue;
}

export interface Choice {
  index: number;
  message: {role: string; content: string | null; reasoning_content?: string; tool_calls?: JSONObject[]};
  text?: string;
  logprobs: JSONObject | null;
  finish_reason: "stop" | "length" | string;
}

export interface Completion {
  id: string;
  object: string;
  created: number;
  model: string;
  choices: Choice[];
  usage: Usage;
}

export interface ActivationCompletion extends Completion {
  activations: Record<string, Activation[]>;
}

export interface Chunk {
  id: string;
  object: string;
  created: number;
  model: string;
  choices: {
    index: number;
    delta: {role?: string; content?: string; reasoning_content?: string; tool_calls?: JSONObject[]};
    text?: string;
    logprobs: JSONObject | null;
    finish_reason: string | null;
  }[];
  usage?: Usage | null;
  activations?: Record<string, Activation[]> | null;
}

export interface LoadOptions {
  maxKvSize?: number;
  trustRemoteCode?: boolean;
  signal?: AbortSignal;
}

export type HookChange = ChangedHooks;

// MARK: Events

export interface Envelope {run_id: string; seq: number; step: number; time_ms: number}

export interface TokenAlternative {token_id: number; text: string; logprob: number}

export interface ActivationEvent extends Envelope {
  type: "activation";
  hook_index: number;
  hook_id: string;
  layer_name: string;
  component: string;
  is_input: boolean;
  shape: number[];
  dtype: string;
  positions: [number, number];
  position_list?: number[];
  /** The tensor's frame, byte for byte as the server made it. */
  frame?: Frame;
  /** The numbers; nested arrays with `tensors: "json"`, missing with "none". */
  data?: Values | JSONValue;
}

export type RunEvent =
  | ActivationEvent
  | Envelope & {type: "run.started"; model: string; model_hash: string; prompt: {token_ids: number[]; pieces: string[]};
      hooks: RunHook[]; sampling: JSONObject}
  | Envelope & {type: "prompt.progress"; processed: number; total: number}
  | Envelope & {type: "token"; token_id: number; text: string; logprob: number; top: TokenAlternative[]}
  | Envelope & {type: "text"; text: string}
  | Envelope & {type: "analysis"; name: string; result: unknown}
  | Envelope & {type: "hooks.changed"; hooks: RunHook[]; first_step: number}
  | Envelope & {type: "intervention.applied" | "intervention.removed"; intervention_id: string; first_step: number}
  | Envelope & {type: "run.paused" | "run.resumed"}
  | Envelope & {type: "run.rewound"; to_step: number; text: string}
  | Envelope & {type: "run.forked"; child_run_id: string}
  | Envelope & {type: "recording.stopped"; recording_id: string; error: JSONObject}
  | Envelope & {type: "gap"; dropped: {hook_id: string; from_seq: number; to_seq: number; count: number}[]}
  | Envelope & {type: "run.finished"; finish_reason: string; usage: Usage; timings: Record<string, number | null>}
  /** One tensor that could not be sent; an error that ends the run is thrown instead. */
  | Envelope & {type: "error"; error: {message: string; code: string; hook_id: string}};

export type Policy = "conflate" | "lossless" | "disconnect";

export interface WatchOptions {
  tensors?: "base64" | "json" | "none";
  /** The first event wanted. */
  from?: number;
  policy?: Policy;
  signal?: AbortSignal;
  /** Attempts in a row to take up a broken connection; 8 unless said. */
  retries?: number;
}

export interface SocketWish {
  tensors?: "binary" | "json" | "none";
  from?: number;
  policy?: Policy;
}

/** Reads server-sent events from pieces of text, however they are cut. */
export class EventParser {
  constructor(lastId?: string);
  push(text: string): {type: string; id: string; data: string}[];
}

/** The chunks of a completion as they come; leaving the loop early ends the run. */
export class CompletionStream implements AsyncIterable<Chunk> {
  private constructor();
  readonly runId: string | null;
  [Symbol.asyncIterator](): AsyncGenerator<Chunk, void, undefined>;
}

// MARK: The client

export interface ClientOptions {
  fetch?: typeof fetch;
  WebSocket?: new (url: string, protocols?: string | string[]) => WebSocket;
  EventSource?: new (url: string) => EventSource;
  /** Sent with every request. */
  headers?: Record<string, string>;
  /** Ends every request and stream of this client. */
  signal?: AbortSignal;
}

export interface RequestOptions {
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | null;
}

/** A server's routes as methods. */
export class NeuroScopeClient {
  constructor(baseUrl?: string, options?: ClientOptions);
  readonly baseUrl: string;

  // generated: routes, from operations/
  /** Whether the server is up, and which models it holds. */
  healthCheck(): Promise<Health>;
  /** What this server can capture, reduce, change and send. */
  capabilities(): Promise<Capabilities>;
  /** Loaded models. */
  listModels(): Promise<Models>;
  /** What the allowed directories hold. */
  availableModels(): Promise<AvailableModels>;
  /** Loads a checkpoint and makes it current; an id in use is replaced. */
  loadModel(
    path: string, modelId?: string | null,
    options?: {trustRemoteCode?: boolean | null; maxKvSize?: number | null; vocabOnly?: boolean | null; kvBits?: number | null; kvGroupSize?: number | null; quantizedKvStart?: number | null; signal?: AbortSignal},
  ): Promise<ModelFacts>;
  /** Takes a model off the list; runs in progress end in peace. */
  unloadModel(modelId: string): Promise<{model_id: string; status: "unloaded"}>;
  /** The facts of one loaded model. */
  describeModel(id: string): Promise<ModelFacts>;
  /** Every point that can be captured or changed, with axes, shape, dtype and names. */
  hookPoints(id: string): Promise<HookPoints>;
  /** Registered hooks, which apply only to requests that ask for them. */
  listHooks(model?: string): Promise<RegisteredHooks>;
  /** Registers all hooks of a list, or none where one is wrong. */
  registerHooks(
    hooks: Hook[], model?: string | null,
  ): Promise<{registered_hooks: string[]; status: "hooks_registered"; model?: string}>;
  /** Forgets the registered hooks of a model, or of all. */
  clearHooks(model?: string): Promise<{status: "hooks cleared"}>;
  /** What the model's chat format makes of messages. */
  applyTemplate(
    messages: Message[],
    options?: {model?: string | null; addGenerationPrompt?: boolean | null; tools?: JSONObject[] | null; parseSpecial?: boolean | null; signal?: AbortSignal},
  ): Promise<{prompt: string; tokens: number[]}>;
  /** Tokens to text. */
  detokenize(
    tokens: number[], options?: {model?: string | null; skipSpecial?: boolean | null; signal?: AbortSignal},
  ): Promise<{text: string}>;
  /** Text to tokens. */
  tokenize(
    text: string,
    options?: {model?: string | null; parseSpecial?: boolean | null; addSpecial?: boolean | null; signal?: AbortSignal},
  ): Promise<Tokens>;
  /** Unfinished runs and the last finished ones, the newest first. */
  listRuns(): Promise<{runs: Run[]}>;
  /** Begins a run that any number of viewers can watch. */
  startRun(request: RunRequest): Promise<Run>;
  /** The run as it is now. */
  describeRun(id: string): Promise<Run>;
  /** Ends a run, or forgets one that is over. */
  cancelRun(id: string): Promise<Run>;
  /** Tensor frames one behind the other, from the server's memory and the run's recording. */
  frames(id: string, options?: {hook?: string; from?: number; to?: number; signal?: AbortSignal}): Promise<Frame[]>;
  /** A second run that goes on from here; what the body names replaces the first one's. */
  fork(id: string, request?: ForkChanges): Promise<Run>;
  /** Adds hooks to a run, or takes them off, from the next step on. */
  changeHooks(id: string, request: HookChanges): Promise<ChangedHooks>;
  /** Changes the forward pass from the next step on; replaces one of the same id. */
  intervene(id: string, request: Intervention): Promise<AppliedIntervention>;
  /** Takes all interventions off. */
  clearInterventions(id: string): Promise<{removed: AppliedIntervention[]}>;
  /** Takes one intervention off. */
  removeIntervention(id: string, intervention: string): Promise<AppliedIntervention>;
  /** Stops before the next step; a replay, before its next event. */
  pause(id: string): Promise<Run>;
  /** Goes on after a pause. */
  resume(id: string): Promise<Run>;
  /** Takes back what came after a step, and pauses. A replay can't; its recording can be played again from any
   * event. */
  rewind(id: string, toStep: number): Promise<Run>;
  /** The run as it is now, with the newest tensor of each hook that it still holds. */
  snapshot(
    id: string, tensors?: "base64" | "json" | "none",
  ): Promise<{run_id: string; run: Run; activations: unknown[]}>;
  /** Computes (or plays) some passes of a paused run, then pauses again. */
  step(id: string, count?: number | null): Promise<Run>;
  /** The analyses there are, their parameters and where they are described. */
  listAnalyses(): Promise<Analyses>;
  /** Measures a logit difference while one place of the model after the other is changed. */
  analyse(request: Sweep): Promise<SweepResult>;
  /** Recorded runs. */
  listRecordings(): Promise<{recordings: Recording[]}>;
  /** What a recording says of itself. */
  describeRecording(id: string): Promise<RecordingDetails>;
  /** Removes a recording. */
  deleteRecording(id: string): Promise<{recording_id: string; status: "deleted"}>;
  /** The tensors as safetensors or NPZ. */
  exportRecording(id: string, format?: "safetensors" | "npz"): Promise<Uint8Array>;
  /** The file, as recording.md draws it. */
  recordingFile(id: string): Promise<Uint8Array>;
  /** Plays a recording as a run, byte for byte, without a model. */
  replayRecording(
    id: string,
    options?: {speed?: number | null; from?: number | null; to?: number | null; start?: "running" | "paused" | null; signal?: AbortSignal},
  ): Promise<Run>;
  /** Executes the recorded run again, with every change it saw, and reports the first difference. */
  verifyRecording(id: string): Promise<Verification>;
  /** The documented scenarios and hook configurations. */
  listScenarios(): Promise<Scenarios>;
  /** Begins a scenario as a run; the body replaces members of it. */
  runScenario(name: string, request?: RunRequest): Promise<ScenarioRun>;
  /** This document as JSON. */
  openApi(): Promise<JSONObject>;
  // end of generated

  chat(messages: Message[], options: CompletionOptions & {stream: true}): Promise<CompletionStream>;
  chat(messages: Message[], options?: CompletionOptions & {stream?: false}): Promise<Completion>;
  complete(prompt: string, options: CompletionOptions & {stream: true}): Promise<CompletionStream>;
  complete(prompt: string, options?: CompletionOptions & {stream?: false}): Promise<Completion>;
  generateWithActivations(
    messages: Message[], hooks: Hook[], options: ActivationOptions & {stream: true}): Promise<CompletionStream>;
  generateWithActivations(
    messages: Message[], hooks: Hook[], options?: ActivationOptions & {stream?: false}): Promise<ActivationCompletion>;
  /** Attention, mlp and residual of some layers (5, 10, 15, 20), with ids such as `attention_5`. */
  createCircuitAnalysisHooks(layers?: number[]): (Hook & {hook_id: string})[];

  /** The events of a run, over fetch; a broken connection is taken up again behind the last event. */
  events(id: string, options?: WatchOptions): AsyncGenerator<RunEvent, void, undefined>;
  /** Begins a run and gives its events, which waits for its reader; leaving the loop or the signal cancels it. */
  streamRun(request: RunRequest, options?: WatchOptions): AsyncGenerator<RunEvent, void, undefined>;
  /** The events of a run, over the browser's EventSource. */
  eventSource(id: string, options?: WatchOptions): AsyncGenerator<RunEvent, void, undefined>;
  /** A WebSocket that starts, watches and steers any number of runs. */
  socket(options?: {signal?: AbortSignal; retries?: number}): Promise<NeuroScopeSocket>;

  /** Any request; the answer, or its refusal as an error. */
  request(method: string, path: string, options?: RequestOptions): Promise<Response>;
}

// MARK: The WebSocket

export interface Reply extends JSONObject {
  type: "reply";
  id: number;
  ok: true;
  run_id?: string;
  run?: Run;
  first_step?: number;
}

/** A run that a socket watches: its events to iterate over, and its commands. */
export class WatchedRun implements AsyncIterable<RunEvent> {
  private constructor();
  readonly id: string;
  /** The run as it was when the watch began. */
  readonly info: Run;
  readonly isOver: boolean;
  [Symbol.asyncIterator](): AsyncGenerator<RunEvent, void, undefined>;
  pause(): Promise<Reply>;
  resume(): Promise<Reply>;
  step(count?: number): Promise<Reply>;
  rewind(toStep: number): Promise<Reply>;
  cancel(): Promise<Reply>;
  changeHooks(changes: HookChanges): Promise<Reply & HookChange>;
  intervene(intervention: Intervention): Promise<Reply & AppliedIntervention>;
  removeIntervention(id: string): Promise<Reply & AppliedIntervention>;
  /** A second run that goes on from here, watched as well. */
  fork(changes?: ForkChanges, wish?: SocketWish): Promise<WatchedRun>;
  /** Leaves the run; nobody else watching, it ends unless it was detached. */
  unsubscribe(): Promise<Reply>;
}

/** A conversation over one WebSocket, taken up again when the connection breaks. */
export class NeuroScopeSocket {
  private constructor();
  /** Begins a run and watches it. */
  start(request: RunRequest, wish?: SocketWish): Promise<WatchedRun>;
  /** Watches a run, from its first event unless the wish says otherwise. */
  watch(runId: string, wish?: SocketWish): Promise<WatchedRun>;
  ping(): Promise<Reply>;
  command(name: string, fields?: JSONObject): Promise<Reply>;
  close(): void;
}
