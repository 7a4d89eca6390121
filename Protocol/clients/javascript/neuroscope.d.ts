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
/** Reads frames from pieces of bytes, however they are cut. */
export class FrameReader {
  constructor(limit?: number);
  /** Whether a frame has begun that is not complete. */
  readonly isWithin: boolean;
  /** The frames that a piece completes. */
  feed(bytes: Bytes): Frame[];
}

/** One prompt of a harvest; `tokens` where `inputIds` was asked for. */
export interface HarvestedPrompt {
  index: number;
  tokens: number[] | null;
  frames: Frame[];
}

/** What is harvested: one of texts and tokens, and the hooks. */
export interface HarvestRequest {
  model?: string;
  texts?: (string | number[])[];
  tokens?: number[][];
  activationHooks: Hook[];
  useRegisteredHooks?: boolean;
  inputIds?: boolean;
  frames?: {dtype?: "f32" | "f16" | "bf16" | "i8"; codec?: "raw" | "deflate" | "planes"};
}

/** Activations by name, one array for each prompt. */
export interface ActivationCache {
  tokens: number[][];
  arrays: Record<string, {shape: number[]; data: Float32Array | Uint32Array}[]>;
}

/** What heads attend to, `[layer][head]`: NaN where no prompt has what the kind looks for. */
export interface Heads {
  layers: number[];
  previous_token: number[][];
  duplicate_token: number[][];
  induction: number[][];
}

/** A token that a layer would say, and one reading of the stream: the likeliest ones, and what follows in the prompt. */
export interface Reading {
  top: {token_id: number; text: string; logprob: number | null}[];
  target: {logit: number | null; logprob: number | null; rank: number} | null;
}

/** What each layer would say next; `predictions[layer][position]`. */
export interface Lens {
  layers: number[];
  positions: number[];
  predictions: Reading[][];
  /** The prompt's tokens. */
  prompt: string[];
}

/** The frames that follow each other in some bytes. */
export function splitFrames(bytes: Bytes, limit?: number): Frame[];

// MARK: Recordings

/** Bytes that are not a recording. */
export class RecordingError extends NeuroScopeError {}

export interface RecordedItem {
  type: "metadata" | "request" | "event" | "frame" | "change";
  start: number;
  length: number;
  microseconds: number;
}

/** A recorded run from the bytes of its file, read up to its last whole record. */
export class RecordingFile {
  constructor(bytes: Bytes);
  readonly records: RecordedItem[];
  /** Why reading stopped before the file's end. */
  readonly stopped: "truncated" | "head" | "checksum" | null;
  readonly isComplete: boolean;
  readonly metadata: Record<string, unknown>;
  bytes(record: RecordedItem): Uint8Array;
  json(record: RecordedItem): unknown;
  events(): AsyncGenerator<RunEvent & {microseconds: number}>;
}

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
  /** The commit that was built, with + where files differed; null where it is not known. */
  commit?: string | null;
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

/** `models` as this server tells them; the others as the server that the first clients were written for
 * (original.md). */
export interface AvailableModels {
  models: {id: string; path: string; format: string; bytes: number; loaded: boolean}[];
  available_models: {model_id: string; model_path: string; size_mb: number; files: string[]}[];
  loaded_models: ModelEntry[];
  current_model: string | null;
  search_paths: string[];
  total_available: number;
  total_loaded: number;
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
  /** What is done, whatever was asked for: fast where any product rounds its activations, as precision tells. */
  numerics: "exact" | "fast";
  /** What products do with activations, by how the weights are stored; the largest share first. */
  precision: {weights: string; share: number; prompt: "float32" | "bfloat16" | "int8"; decode: "float32" | "bfloat16" | "int8"}[];
  /** Of all bytes of the model's files and its adapter's; null while they are being read for it, where they
   * changed since, and where only the vocabulary is loaded. */
  model_hash: string | null;
  tokenizer_hash: string | null;
  /** The adapter that it was loaded with, part of model_hash; null for the model as it is. */
  adapter: {path: string; kind: "lora"; format: "peft" | "gguf"; file_bytes: number; updates: number; ranks: number[]; replacements: string[]} | null;
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
  warnings?: string[];
}

export interface HeadKindScores {
  previous_token?: number | null;
  duplicate_token?: number | null;
  induction?: number | null;
  name_mover?: number | null;
  s_inhibition?: number | null;
  copy_suppression?: number | null;
  attention_sink?: number | null;
}

export interface NamedHead {
  layer: number;
  head: number;
  /** Those whose threshold the score reaches. */
  kinds: HeadKindScores;
  /** All that the tests told of. */
  scores: HeadKindScores;
}

export interface HeadTest {
  name: "repeats" | "copies" | "names";
  summary: string;
  prompts: number;
  /** Of each prompt. */
  tokens: number;
  /** What it told of. */
  kinds: string[];
  /** Why it told nothing of other kinds. */
  reason?: string;
}

export interface HeadKind {
  name: string;
  /** The least score of a head that is called that. */
  threshold: number;
  /** What the score is. */
  score: string;
  /** Of two, the smaller score is told. */
  tests: string[];
}

/** Which of the known kinds each head of a model is (circuits.md), or how far the job is that finds it. */
export interface HeadNames {
  status: "found" | "running";
  /** While it is running: passes. */
  done?: number;
  /** While it is running: passes, at most. */
  total?: number;
  /** Of the tests. */
  version?: number;
  model_hash?: string;
  model_type?: string;
  /** What the tests' prompts are made from. */
  seed?: number;
  heads?: NamedHead[];
  tests?: HeadTest[];
  kinds?: HeadKind[];
  warnings?: string[];
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

export interface EmbeddingRequest {
  /** By default the current model. */
  model?: string | null;
  /** A text, the ids of its tokens, or up to 1024 of these. */
  input: string | (string | number[])[] | number[];
  /** The layer behind which the stream is read; absent, it is read behind the last norm. */
  layer?: number | null;
  pooling?: "mean" | "last" | null;
  /** To length 1. */
  normalize?: boolean | null;
  /** base64: little-endian f32. */
  encodingFormat?: "float" | "base64" | null;
  /** The model's own width, or it is refused. */
  dimensions?: number | null;
  /** Not used. */
  user?: string | null;
  signal?: AbortSignal;
}

export interface Embeddings {
  object: "list";
  data: {object: "embedding"; index: number; embedding: number[] | string}[];
  model: string;
  /** Where the stream was read. */
  layer_name: string;
  pooling: "mean" | "last";
  normalized: boolean;
  usage: {prompt_tokens: number; total_tokens: number};
  warnings?: string[];
}

/** How tokens are drawn, and when an answer ends; shared by chat, completions and runs. */
export interface SamplingOptions {
  /** -1 for all that the context has room for; absent, 100 or as many as it has room for. 0 only where a prompt
   * is all that is wanted (completions). */
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
  /** Drawn and reported where it is not given, or -1. */
  seed?: number | null;
  /** Added to the scores of tokens, by their ids, before one is drawn. Told probabilities are those before. */
  logitBias?: JSONObject | null;
  stop?: string | string[] | null;
  /** Takes the model's own sampling (model_sampling of its description) for what the request leaves out, in place
   * of the defaults here. */
  useModelSampling?: boolean | null;
  /** Goes on behind the model's own end. */
  ignoreEos?: boolean | null;
  signal?: AbortSignal;
}

export interface InputItem {
  type?: "message" | "function_call" | "function_call_output" | "reasoning" | null;
  id?: string | null;
  status?: string | null;
  role?: "user" | "assistant" | "system" | "developer" | null;
  content?: string | JSONObject[] | null;
  summary?: unknown[] | null;
  call_id?: string | null;
  name?: string | null;
  arguments?: string | null;
  output?: string | JSONObject[] | null;
}

export interface ResponseRequest extends SamplingOptions {
  /** By default the current model. */
  model?: string | null;
  /** A text of the user, or the conversation as its items. */
  input: string | InputItem[];
  /** A system message before the input. */
  instructions?: string | null;
  maxOutputTokens?: number | null;
  stream?: boolean | null;
  reasoning?: {effort?: "low" | "medium" | "high" | null; summary?: "auto" | null} | null;
  text?: {format?: JSONObject | null; verbosity?: "medium" | null} | null;
  tools?: JSONObject[] | null;
  toolChoice?: "auto" | "none" | "required" | {type?: "function" | null; name: string} | null;
  parallelToolCalls?: boolean | null;
  chatTemplateKwargs?: JSONObject | null;
  parseSpecial?: boolean | null;
  /** Told again in the response. */
  metadata?: JSONObject | null;
}

export interface Fault {
  message: string;
  type: string;
  code: string;
  /** The member of the request that is meant. */
  param?: string | null;
  /** The hook whose tensor is missing. */
  hook_id?: string;
}

export interface ResponsePart {
  type: "output_text" | "reasoning_text";
  text: string;
  annotations?: unknown[];
  logprobs?: unknown[];
}

export interface ResponseItem {
  id: string;
  type: "reasoning" | "message" | "function_call";
  status: "in_progress" | "completed";
  role?: "assistant";
  content?: ResponsePart[];
  summary?: unknown[];
  call_id?: string;
  name?: string;
  arguments?: string;
}

/** In the shape of OpenAI's Responses API. */
export interface Response {
  id: string;
  object: "response";
  created_at: number;
  status: "in_progress" | "completed" | "incomplete" | "failed";
  model: string;
  error: Fault | null;
  incomplete_details: {reason?: "max_output_tokens"} | null;
  output: ResponseItem[];
  instructions?: string | null;
  max_output_tokens?: number | null;
  metadata?: JSONObject;
  parallel_tool_calls?: boolean;
  previous_response_id?: null;
  reasoning?: {effort?: string | null; summary?: string | null};
  store?: false;
  temperature?: number;
  text?: JSONObject;
  tool_choice?: string | JSONObject;
  tools?: JSONObject[];
  top_p?: number;
  truncation?: "disabled";
  usage: {input_tokens: number; input_tokens_details?: {cached_tokens?: number}; output_tokens: number; output_tokens_details?: {reasoning_tokens?: number}; total_tokens: number} | null;
  warnings?: string[];
}

/** A tensor that is wanted: where it is taken, what of it is kept, and how it travels. */
export interface Hook {
  /** Such as transformer.h.5, model.layers.5.mlp or blocks.5.attn.hook_pattern. */
  layer_name: string;
  /** In any case; GET /v1/capabilities lists them. Needs not be given where the layer's name is of one tensor, as
   * TransformerLens's names are. */
  component?: string | null;
  /** By default layer_name_component, or the layer's name where no component is given. */
  hook_id?: string | null;
  capture_input?: boolean | null;
  capture_output?: boolean | null;
  positions?: "all" | "last" | number[] | {from?: number | null; to?: number | null; every?: number | null} | null;
  heads?: number[] | null;
  neurons?: number[] | null;
  experts?: number[] | null;
  /** Of the last axis: none; norm (Euclidean) and mean_abs drop it; stats: minimum, maximum, mean, standard
   * deviation; histogram: minimum, maximum and counts in 32 equal bins between; topk:K or {"topk": K}: the K
   * largest magnitudes as [values, indices]; {"project": vectors}: the dot products with 1 to 256 directions, in
   * their order, each as wide as what is kept of the axis: shape (…, positions, directions). */
  reduce?: string | {topk?: number; project?: number[][]} | null;
  /** Of so many passes, one. */
  every?: number | null;
  dtype?: "f32" | "f16" | "bf16" | "i8" | null;
  encoding?: "nested" | "list" | "base64" | "none" | null;
}

export interface ScoreRequest {
  /** By default the current model. */
  model?: string | null;
  /** What comes before each text; without it a text's first token has no score. */
  prompt?: string | number[] | null;
  /** Texts, or the ids of their tokens. */
  texts: (string | number[])[];
  /** Likeliest tokens told at each position. */
  topLogprobs?: number | null;
  /** What is captured of each text's pass, the prompt's positions included. */
  activationHooks?: Hook[] | null;
  useRegisteredHooks?: boolean | null;
  /** How tensors are written, where a hook does not say. */
  encoding?: "nested" | "list" | "base64" | "none" | null;
  signal?: AbortSignal;
}

export interface TokenScore {
  token_id: number;
  token: string;
  logprob: number;
}

export interface ScoredToken extends TokenScore {
  /** How many tokens are likelier. */
  rank: number;
  top: TokenScore[];
}

/** Exact counts of tokens. */
export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details?: {cached_tokens: number};
}

export interface Scores {
  object: "scores";
  model: string;
  scores: {index: number; logprob: number; mean_logprob: number | null; is_greedy: boolean; first_position: number; tokens: ScoredToken[]; activations?: JSONObject}[];
  usage: Usage;
  warnings?: string[];
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
  tool_calls?: {id?: string | null; type?: "function" | null; function: {name: string; arguments?: string | null}}[] | null;
}

/** A text's tokens. */
export interface Tokens {
  tokens: number[];
  pieces: string[];
  count: number;
  /** Says where the text spells itself what `add_special` adds. */
  note?: string;
  warnings?: string[];
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
  /** False after it was taken off, until its last tensors have come. */
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

export interface RunWatch {
  /** What it is told by; a number is given once in a run. */
  watch_index: number;
  hook_id?: string;
  layer_name?: string;
  component?: string;
  is_input?: boolean;
  /** Its name among the hook points. */
  point?: string;
  surprise?: boolean;
  condition: "above" | "below" | "changes_by" | "non_finite" | "text";
  threshold?: number;
  text?: string;
  then: "pause" | "mark" | "snapshot";
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
  logit_bias?: JSONObject;
}

export interface Timings {
  queue_ms: number;
  prompt_ms: number;
  decode_ms: number;
  prompt_tokens_per_second: number | null;
  decode_tokens_per_second: number | null;
}

/** A generation, the replay of a recorded one, or an analysis, as it is now. */
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
  /** Those in force, and those taken off of which the pass under way still brings tensors. */
  hooks: RunHook[];
  interventions: RunIntervention[];
  /** Of a generation: the watchpoints in force. */
  watches?: RunWatch[];
  /** Their names. */
  analyses?: string[];
  recording_id: string | null;
  /** The run it was forked from. */
  parent_run_id?: string | null;
  viewers: number;
  /** Seconds since 1970. */
  created: number;
  /** Of what stands still and nobody watches, seconds since 1970: when it is cancelled. Viewers and commands put
   * it off. */
  expires_at?: number | null;
  detached?: boolean;
  sampling?: RunSampling;
  /** Paths of this server, with its base path before them where it has one. */
  urls: {events: string; socket: string; frames: string};
  /** Once it is over. */
  usage?: Usage;
  /** Once it is over. */
  timings?: Timings;
  /** Why it failed. */
  error?: Fault;
  /** In a list of runs: how many hooks, interventions and bytes of text were left out of this one; its own object
   * has them. */
  omitted?: JSONObject;
  /** Of an analysis that is a run of its own. */
  job?: {analysis: string; done: number; total: number};
  /** Of a job that is finished: the members of its analysis.result. Not in a list of runs. */
  result?: JSONObject;
  /** Of a replay: the recorded run. */
  replay_of?: string;
  /** Of a replay. */
  speed?: number;
  warnings?: string[];
}

/** What the text of an answer must be; one of these at most. Tokens that would lead elsewhere can't be drawn, and
 * told probabilities are of those that can. An answer that ends with stop is whole; one that ends with length may
 * be cut. What a schema can't be held to is refused by its path. */
export interface Constraint {
  /** Of type text (anything), json_object (with or without a schema), json_schema, regex or grammar. JSON has its
   * members in the order of the schema, and none that it does not name unless it speaks of further ones. */
  responseFormat?: {type: "text" | "json_object" | "json_schema" | "regex" | "grammar"; json_schema?: {name?: string | null; description?: string | null; schema?: JSONObject | null; strict?: boolean | null} | null; name?: string | null; description?: string | null; strict?: boolean | null; schema?: JSONObject | null; pattern?: string | null; grammar?: string | null} | null;
  /** A schema, as llama.cpp has it. */
  jsonSchema?: JSONObject | string | null;
  /** A grammar in llama.cpp's notation (GBNF). */
  grammar?: string | null;
  /** A schema, as vLLM has it. */
  guidedJson?: JSONObject | string | null;
  /** A regular expression that fits the whole text. */
  guidedRegex?: string | null;
  guidedChoice?: string[] | null;
  guidedGrammar?: string | null;
  /** The same in vLLM's later form. */
  structuredOutputs?: {json?: JSONObject | string | null; json_object?: boolean | null; regex?: string | null; choice?: string[] | null; grammar?: string | null} | null;
  signal?: AbortSignal;
}

/** A change of the forward pass at a hook point. */
export interface Intervention {
  intervention_id?: string | null;
  layer_name: string;
  /** As of hooks. */
  component?: string | null;
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
  /** Of information_flow: the least share of an edge. */
  threshold?: number | null;
  /** The same: what of attention is a node. */
  granularity?: "layer" | "head" | "head_source" | null;
  /** The same: the newest positions that are sources of their own. As many as 256 MiB hold where absent. */
  keep?: number | null;
  /** The same: the threshold is raised to meet it. 120, or 4000 where a threshold is given. */
  max_edges?: number | null;
}

/** What a run is watched for: one of hook, text and surprise, with one of above, below, changes_by and non_finite
 * unless it is a text; and what is done in a pass in which it holds. */
export interface Watch {
  /** The tensor that is compared: its numbers, or what reduce makes of them (norm, mean_abs, project). It is not
   * sent; without dtype and encoding, and of one side. */
  hook?: Hook | null;
  /** What the chosen token's own text holds. */
  text?: string | null;
  /** Minus the chosen token's logprob, in nats. */
  surprise?: boolean | null;
  /** A number is greater. */
  above?: number | null;
  /** A number is less. */
  below?: number | null;
  /** A number is at least so far from that of the position watched before. */
  changes_by?: number | null;
  /** A number of the hook is infinite or none. */
  non_finite?: boolean | null;
  /** pause: the run stands still before its next pass; mark: it is told; snapshot: it is told with the position's
   * whole row of the hook. */
  then?: "pause" | "mark" | "snapshot" | null;
}

/** How tensors of the run travel. */
export interface FrameFormat {
  dtype?: "f32" | "f16" | "bf16" | "i8" | null;
  codec?: "raw" | "deflate" | "planes" | null;
}

/** One of messages, prompt and tokens, and what to capture and change while it runs. */
export interface RunRequest extends SamplingOptions,Constraint {
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
  watch?: Watch[] | null;
  frames?: FrameFormat | null;
  topLogprobs?: number | null;
  record?: boolean | null;
  /** Goes on although nobody watches. */
  detach?: boolean | null;
  start?: "running" | "paused" | null;
  addGenerationPrompt?: boolean | null;
  tools?: JSONObject[] | null;
  toolChoice?: "auto" | "none" | "required" | {type?: "function" | null; function: {name: string}} | null;
  /** Whether an answer may have several calls; Harmony's and Llama's have one. */
  parallelToolCalls?: boolean | null;
  /** Further variables of the model's chat template, such as enable_thinking; one that it does not read is
   * refused. */
  chatTemplateKwargs?: JSONObject | null;
  /** The answer goes on with the last message. */
  continueFinalMessage?: boolean | null;
  reasoningEffort?: "low" | "medium" | "high" | null;
  /** Lets text of messages become control tokens by spelling them. Off, it stays text. */
  parseSpecial?: boolean | null;
}

/** What the body names replaces the first run's. */
export interface ForkChanges extends SamplingOptions {
  activationHooks?: Hook[] | null;
  interventions?: Intervention[] | null;
  analyses?: Analysis[] | null;
  watch?: Watch[] | null;
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
  warnings?: string[];
}

/** An intervention and the first step that it reaches, or no longer reaches. */
export interface AppliedIntervention {
  run_id?: string;
  intervention_id: string;
  first_step: number;
  warnings?: string[];
}

export interface WatchChanges {
  add?: Watch[] | null;
  /** Their watch_index. */
  remove?: number[] | null;
  /** Replaces all; without add and remove. */
  watch?: Watch[] | null;
  signal?: AbortSignal;
}

/** The watchpoints of a run that are in force, and the first step that they look at. */
export interface ChangedWatches {
  run_id: string;
  first_step: number;
  watches: RunWatch[];
  warnings?: string[];
}

export interface PlaceEdit {
  layer_name: string;
  component?: string | null;
  type?: "zero_ablation" | "mean_ablation" | "noise_injection" | "activation_patching" | "scaled_intervention" | null;
  /** zero_ablation: what is left is 1 less this; noise_injection: tenths of a standard deviation;
   * scaled_intervention: the factor; of the others only 1. */
  strength?: number | null;
  /** All where absent. */
  target_positions?: number[] | null;
}

export interface PatchRequest {
  model?: string | null;
  prompt: string;
  interventions: PlaceEdit[];
  /** What activation_patching takes its numbers from; as long as the prompt in tokens. */
  baselinePrompt?: string | null;
  signal?: AbortSignal;
}

export interface PatchResult {
  success: true;
  model: string;
  results: {baseline: {token_id: number; text: string; logprob: number}[]; intervened: {token_id: number; text: string; logprob: number}[]; causal_effect: number; metric: "kl_divergence"};
  intervention_count: number;
  /** Seconds. */
  execution_time: number;
  warnings?: string[];
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
  /** What it finds as a graph that is kept. */
  graphs: AnalysisFacts[];
  /** What it finds in the weights alone. */
  weights: AnalysisFacts[];
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
  /** Answers 201 with a run of its own, which goes on without its client (events.md). */
  detach?: boolean | null;
  /** Keeps the job's events in a recording; with stream or detach. */
  record?: boolean | null;
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
  warnings?: string[];
}

export interface PathSender {
  component: "embed" | "z" | "mlp_out";
  /** Of all but embed. */
  layer?: number | null;
  /** Of z; all heads of the layer where absent. */
  head?: number | null;
  /** All where absent. */
  positions?: number[] | null;
}

export interface PathReceiver {
  component: "q" | "k" | "v" | "mlp_in" | "logits";
  /** Of all but logits. */
  layer?: number | null;
  /** Of q, k and v; all heads of the layer where absent. Of k and v a key/value head, which query heads may
   * share. */
  head?: number | null;
  /** Of all but logits; all where absent. */
  positions?: number[] | null;
}

/** What of a behaviour goes from senders to receivers (circuits.md). */
export interface PathRequest {
  analysis: "path_patching";
  model?: string | null;
  clean: string | Contrast | (string | Contrast)[];
  corrupted: string | Contrast | (string | Contrast)[];
  answer: number | string | (number | string)[];
  wrong: number | string | (number | string)[];
  /** Whose outputs are exchanged: places, or arrays of places that are exchanged together; 1024 places at most.
   * Each head alone where absent, of all layers before a receiver. */
  senders?: (PathSender | PathSender[])[] | null;
  /** Which inputs are changed: places, or arrays of places that are changed together; 1024 places at most. */
  receivers: (PathReceiver | PathReceiver[])[];
  /** noising: the clean prompt's run, senders corrupted. denoising: the corrupted prompt's, senders clean. */
  direction?: "noising" | "denoising" | null;
  /** Parts whose outputs are held between senders and receivers: both where absent, for direct paths; heads alone
   * lets paths pass feed-forward parts; none lets them pass everything. */
  frozen?: ("heads" | "mlps")[] | null;
  stream?: boolean | null;
  /** Answers 201 with a run of its own, which goes on without its client (events.md). */
  detach?: boolean | null;
  /** Keeps the job's events in a recording; with stream or detach. */
  record?: boolean | null;
  signal?: AbortSignal;
}

export interface PathResult {
  type: "analysis.result";
  analysis: "path_patching";
  model: string;
  /** The answer's logit less the wrong one's, at the last position, mean over prompts. */
  metric: "logit_diff";
  clean: number;
  corrupted: number;
  direction: "noising" | "denoising";
  frozen: ("heads" | "mlps")[];
  axes: ("sender" | "receiver")[];
  senders: PathSender[][];
  receivers: PathReceiver[][];
  /** By sender and receiver; null where no path leads from one to the other. */
  logit_diff: (number | null)[][];
  /** noising: (patched - clean) / (corrupted - clean). denoising: (patched - corrupted) / (clean - corrupted). 1
   * is all of it. */
  effect: (number | null)[][];
  passes: number;
  warnings?: string[];
}

/** What heads do by their weights alone (circuits.md). */
export interface WeightsRequest {
  analysis: "weight_circuits";
  model?: string | null;
  /** Whose heads are looked at; all where absent. */
  layers?: number[] | null;
  /** Whether the gains of norms count as weights, and means that norms take off are taken off: as TransformerLens
   * processes weights. */
  foldNorms?: boolean | null;
  /** Pairs of singular vectors of each circuit that are told as tokens. */
  directions?: number | null;
  /** Tokens of each vector. */
  top?: number | null;
  /** Whether the vectors themselves are told. */
  vectors?: boolean | null;
  /** The strongest compositions of each kind that are told. */
  edges?: number | null;
  stream?: boolean | null;
  /** Answers 201 with a run of its own, which goes on without its client (events.md). */
  detach?: boolean | null;
  /** Keeps the job's events in a recording; with stream or detach. */
  record?: boolean | null;
  signal?: AbortSignal;
}

export interface WeightToken {
  token_id: number;
  text: string;
  /** Its product with the singular vector; of logits less their mean. */
  value: number;
}

/** What the head moves: reads at the position attended to, writes at its own. */
export interface OVCircuit {
  /** Frobenius; null where weights are not finite. */
  norm: number | null;
  /** The sum of the eigenvalues from embedding to logits over the sum of their magnitudes. */
  copying: number | null;
  singular_values: number[];
  directions: {from: WeightToken[]; to: WeightToken[]; read?: number[]; write?: number[]}[];
}

/** What the head attends to, positions left out. */
export interface QKCircuit {
  /** Frobenius; null where weights are not finite. */
  norm: number | null;
  /** The same as copying, from embedding to embedding: how much tokens ask for their like. */
  matching: number | null;
  singular_values: number[];
  directions: {queries: WeightToken[]; keys: WeightToken[]; query?: number[]; key?: number[]}[];
}

export interface WeightHead {
  layer: number;
  head: number;
  ov: OVCircuit;
  qk: QKCircuit;
}

export interface WeightPlace {
  layer: number;
  head: number;
}

export interface HeadComposition {
  source: WeightPlace;
  target: WeightPlace;
  score: number;
  /** The score less the baseline. */
  excess: number;
  /** How many standard deviations its square is above that of circuits turned at random. */
  deviations: number;
  /** Of k: the same as copying, from the query's embedding to that of the token which the source moved. */
  prefix_matching?: number | null;
}

export interface WeightsResult {
  type: "analysis.result";
  analysis: "weight_circuits";
  model: string;
  layers: number[];
  fold_norms: boolean;
  heads: WeightHead[];
  /** The strongest of each kind, the strongest first: earlier heads read by queries, keys and values of later
   * ones. */
  composition: {baseline: number; q: HeadComposition[]; k: HeadComposition[]; v: HeadComposition[]};
  steps: number;
  warnings?: string[];
}

export interface AttentionRequest {
  model?: string | null;
  prompt: string;
  /** All where absent. */
  layers?: number[] | null;
  /** All are answered alike, heads and kinds of heads; cross_layer is refused. */
  scope?: "head_level" | "layer_level" | "global" | null;
  signal?: AbortSignal;
}

export interface AttentionHead {
  layer: number;
  head: number;
  /** The kind with the largest score, from 0.3 (induction), 0.5 (previous_token), 0.4 (first_token) on. */
  pattern_type: "induction" | "previous_token" | "first_token" | "unknown";
  /** That score, or the largest one of an unknown head: a share of attention. */
  confidence: number;
  circuit_role: "unknown_role";
  /** Ids of the tokens that receive most. */
  key_tokens: number[];
  /** The same: what is attended to is read. */
  value_tokens: number[];
  metadata: {pattern_scores: JSONObject; attention_entropy: number; max_attention: number; attention_sparsity: number; key_positions: number[]};
}

/** What heads attend to in one pass over a prompt. Scores are means over the positions behind the first one. */
export interface AttentionAnalysis {
  success: true;
  model: string;
  prompt: string;
  scope: string;
  analyzed_layers: number[];
  attention_heads: AttentionHead[];
  /** The kinds of heads that there are. */
  attention_patterns: {pattern_type: "induction" | "previous_token" | "first_token" | "unknown"; strength: number; consistency: null; head_count: number; description: string; token_positions: unknown[]}[];
  cross_layer_dependencies: unknown[];
  token_attributions: JSONObject;
  circuit_components: unknown[];
  pattern_statistics: {total_heads: number; pattern_counts: JSONObject};
  visualization_data: JSONObject;
  execution_time_ms: number;
  metadata: {analyzed_layers: number[]; num_tokens: number; tokens: string[]};
  /** Members that are empty because nothing here computes them. */
  not_computed: string[];
  warnings?: string[];
}

export interface CircuitRequest {
  model?: string | null;
  prompt: string;
  /** A name for the results; nothing is computed of it. */
  phenomenon?: string | null;
  /** Every fourth layer where absent. */
  targetLayers?: string[] | null;
  targetComponents?: string[] | null;
  interventionTypes?: ("zero_ablation" | "mean_ablation" | "noise_injection")[] | null;
  maxCircuits?: number | null;
  /** Not used, with a warning: effects are on the next token. */
  maxTokens?: number | null;
  /** Not used, with a warning: no confidence is computed. */
  confidenceThreshold?: number | null;
  signal?: AbortSignal;
}

export interface Circuits {
  success: true;
  model: string;
  /** The places whose change matters most, first. */
  circuits: {circuit_id: string; phenomenon: string; layer_name: string; component: string; intervention_type: string; causal_effect: number; answer_logprob_change: number; confidence: null; description: string}[];
  phenomenon: string;
  /** Seconds. */
  execution_time: number;
  /** Places that were tried. */
  total_results: number;
  /** Of what is expected with the change from what is expected without, in nats. */
  metric: "kl_divergence";
  /** The token that the unchanged model expects most. */
  answer: string | null;
  not_computed: string[];
  warnings?: string[];
}

export interface GraphMetadata {
  slug: string;
  /** The model's name for viewers. */
  scan: string;
  prompt: string;
  prompt_tokens: string[];
  transcoder_list: unknown[];
  node_threshold: number;
  schema_version: 1;
  info: {description?: string; generator: {name: string; version: string}; create_time_ms: number};
  generation_settings?: {max_n_logits?: number; desired_logit_prob?: number; max_feature_nodes?: number};
  pruning_settings?: {node_threshold?: number; edge_threshold?: number};
  model?: string;
  node_count?: number;
  link_count?: number;
  replacement_score?: number;
  completeness_score?: number;
  /** What the last check by cutting said; null where there was none. */
  verified?: {by?: "nodes" | "edges"; replace: "zero" | "mean" | "corrupted"; faithfulness: number | null; completeness: number | null} | null;
}

export interface GraphNode {
  /** Unique in the graph. */
  node_id: string;
  feature: number | null;
  /** E for embeddings; of logits the number of layers and 1. */
  layer: string;
  ctx_idx: number;
  feature_type: "embedding" | "position embedding" | "mlp reconstruction error" | "attention head" | "bias" | "logit";
  jsNodeId: string;
  clerp: string;
  head?: number;
  token_prob?: number;
  is_target_logit?: boolean;
  run_idx?: 0;
  reverse_ctx_idx?: 0;
  /** The share of all influence that this node and all heavier ones have together. */
  influence?: number;
  /** What the node gives to the sum of probability times logit along all paths; of a logit, the logit. */
  activation?: number;
}

export interface GraphLink {
  source: string;
  target: string;
  weight: number;
}

/** The file that Neuronpedia and circuit-tracer read (version 1 of their schema); ids are opaque. */
export interface AttributionGraph {
  metadata: GraphMetadata;
  qParams: {pinnedIds: string[]; supernodes: string[][]; linkType: "both"; clickedId: string; sg_pos: string};
  nodes: GraphNode[];
  links: GraphLink[];
  warnings?: string[];
}

export interface GraphCheckRequest {
  /** What is cut: heads and feed-forward parts at positions, or what one part of the model reads of another, at
   * all positions. */
  by?: "nodes" | "edges" | null;
  /** What takes the place of what is cut: zeros; the mean over the prompts in corrupted, position by position, or
   * where there are none over the graph's own positions; what the corrupted prompt has. */
  replace?: "zero" | "mean" | "corrupted" | null;
  /** A prompt as long as the graph's; for a mean 256 at most. */
  corrupted?: string | Contrast | (string | Contrast)[] | null;
  /** Whether each head and feed-forward part of the circuit is taken out of it alone, a pass each. */
  minimality?: boolean | null;
  signal?: AbortSignal;
}

export interface CircuitPoint {
  /** By edges. */
  edges?: number;
  /** By edges those that an edge of the circuit begins at. */
  nodes: number;
  metric: number;
  faithfulness: number | null;
}

export interface End {
  component: "embed" | "z" | "mlp_out" | "q" | "k" | "v" | "mlp_in" | "logits";
  /** Absent of embed and logits. */
  layer?: number;
  /** Of z and q a head, of k and v a key/value head. */
  head?: number;
}

/** Shares are null where replacing everything changes nothing. */
export interface GraphCheck {
  type: "graph.verification";
  slug: string;
  model: string;
  by: "nodes" | "edges";
  replace: "zero" | "mean" | "corrupted";
  /** The targets' logits less the mean of all, or less the wrong token's; several weighted by their probability. */
  metric: "logit" | "logit_diff";
  /** With nothing replaced. */
  whole: number;
  /** With every head and feed-forward part replaced, or every edge cut. */
  empty: number;
  /** Heads and feed-forward parts at positions, in all; by edges what writes to the stream, the embeddings too. */
  nodes: number;
  /** By edges: in all. */
  edges?: number;
  /** The graph's own nodes or edges kept. */
  circuit: CircuitPoint;
  /** The graph's own nodes replaced, or edges cut, alone. */
  without: number;
  /** (circuit - empty) / (whole - empty). */
  faithfulness: number | null;
  /** (whole - without) / (whole - empty). */
  completeness: number | null;
  /** The heaviest 0, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50 and 100 % of all nodes, or edges, kept. */
  curve: CircuitPoint[];
  /** The area under the curve's faithfulness, over the share of nodes or edges. */
  cpr: number | null;
  /** The area between it and 1. */
  cmd: number | null;
  /** The 20 whose replacement changes the metric the most, to first order: patterns and norms answer, feed-
   * forward parts are held; by edges the sums of the scores of their edges. */
  heads: {layer: number; head: number; effect: number}[];
  /** By edges: the 20 whose cutting changes the metric the most, to first order. */
  heaviest_edges?: {sender: End; receiver: End; score: number}[];
  /** Where it was asked for: each head and feed-forward part of the circuit, replaced besides everything outside,
   * the largest loss first. */
  minimality?: {layer: number; head?: number; metric: number; loss: number | null}[];
  passes: number;
  warnings?: string[];
}

/** A harvest that is kept in files: tokens.safetensors with all prompts' `input_ids` and where each begins
 * (`offsets`), shards with a tensor `hook/prompt` (inputs `hook/prompt/input`) without a batch axis, and at the
 * end harvest.safetensors.index.json, which tells the file of each tensor. */
export interface Harvest {
  name: string;
  /** Partial is one that nobody writes any more; the same request goes on with it. */
  status: "running" | "complete" | "partial";
  model: string;
  texts: number;
  /** Prompts that are written; of whole files where it is partial. */
  texts_done: number;
  tokens: number;
  /** Of prompts, while it is being written. */
  tokens_per_second: number | null;
  /** Of all tensors once they are there. */
  bytes: number;
  /** Seconds since 1970. */
  created: number;
  /** The key that it belongs to; null where nobody needed one. */
  owner: string | null;
  /** Whether keys that may record can see it although it is another's. */
  shared: boolean;
  hooks: RunHook[];
  files: {name: string; bytes: number}[];
  /** Why it was not written to its end. */
  error?: Fault;
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
  /** The key that it belongs to; null where nobody needed one. */
  owner: string | null;
  /** Whether keys that may record can see it although it is another's. */
  shared: boolean;
}

export interface RecordingDetails extends Recording {
  /** The first record of the file. */
  metadata: {run_id: string; model: string; model_hash: string | null; model_hash_of?: "bytes"; tokenizer_hash: string | null; numerics?: "exact" | "fast"; precision?: JSONObject[]; owner?: string; seed: string | null};
  /** Why not all of it can be read. */
  damage?: {reason: "truncated" | "head" | "checksum" | "noIndex" | "index"; whole_bytes: number; lost_bytes: number};
}

export interface Verification {
  /** Nothing that is in the file differs. */
  ok: boolean;
  /** Whether the recording was finished; what was cut off is not looked for. */
  complete: boolean;
  frames_compared: number;
  /** Of a job: its result, which was computed again. */
  results_compared: number;
  /** What the recording of a job holds that was not computed again, and why. */
  unverified: string[];
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
  warnings?: string[];
}

export type EventType = "run.started" | "prompt.progress" | "token" | "text" | "activation" | "analysis" |
  "hooks.changed" | "intervention.applied" | "intervention.removed" | "watches.changed" | "watch.fired" |
  "run.paused" | "run.resumed" | "run.rewound" | "run.forked" | "run.expiring" | "recording.stopped" | "job.started"
  | "analysis.progress" | "analysis.rows" | "analysis.result" | "gap" | "run.finished" | "error";
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
  | Envelope & {type: "watches.changed"; watches: RunWatch[]; first_step: number}
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
  /** A key of the server, where it needs one. `eventSource` cannot show it: use `events`. */
  apiKey?: string;
  /** Sent with every request. */
  headers?: Record<string, string>;
  /** Ends every request and stream of this client. */
  signal?: AbortSignal;
}

/** An attribution graph of one of prompt, messages, tokens and a run's step. */
export interface GraphRequest {
  analysis: "attribution_graph";
  model?: string | null;
  prompt?: string | null;
  messages?: Message[] | null;
  tokens?: number[] | null;
  runId?: string | null;
  /** Of a run: the pass whose token is followed back; its last token's where absent. */
  step?: number | null;
  /** A token's id, or a text of one token; the likeliest tokens where absent. */
  answer?: number | string | null;
  /** The same: its logit is taken off the answer's. */
  wrong?: number | string | null;
  nodeThreshold?: number | null;
  edgeThreshold?: number | null;
  maxNodes?: number | null;
}

/** What is told of a graph that was made. */
export interface GraphResult {
  type: "analysis.result";
  analysis: "attribution_graph";
  model: string;
  slug: string;
  tokens: string[];
  targets: {node_id: string; token_id: number; text: string; probability: number; logit: number}[];
  nodes: number;
  links: number;
  replacement_score: number;
  completeness_score: number;
  heads: {layer: number; head: number; influence: number}[];
  warnings?: string[];
}

/** One event of an analysis that goes on. */
export type AnalysisStep =
  | {type: "analysis.progress"; analysis: string; done: number; total: number}
  | {type: "analysis.rows"; analysis: string; links: GraphLink[]}
  | SweepResult | PathResult | GraphResult | WeightsResult;

export interface FlowOptions {
  model?: string;
  /** The least share of an edge; 0.05 where absent. */
  threshold?: number;
  granularity?: "layer" | "head" | "head_source";
  keep?: number;
  maxEdges?: number;
  signal?: AbortSignal;
}

/** Where what comes next was made: nodes, and the share of each edge in what went into its target. */
export interface FlowGraph extends JSONObject {
  threshold: number;
  nodes: {id: string; kind: string; layer: number; position: number; head?: number; expert?: number; site?: string; text?: string}[];
  edges: {source: string; target: string; share: number}[];
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
  /** Whether the process answers at all. */
  live(): Promise<{status: "live"}>;
  /** Whether work should be sent here. */
  ready(): Promise<{status: "ready"}>;
  /** What this server can capture, reduce, change and send. */
  capabilities(): Promise<Capabilities>;
  /** Loaded models. */
  listModels(): Promise<Models>;
  /** What the allowed directories hold. */
  availableModels(): Promise<AvailableModels>;
  /** Loads a checkpoint and makes it current; an id in use is replaced. */
  loadModel(
    path: string, modelId?: string | null,
    options?: {adapterPath?: string | null; trustRemoteCode?: boolean | null; maxKvSize?: number | null; vocabOnly?: boolean | null; kvBits?: number | null; kvGroupSize?: number | null; quantizedKvStart?: number | null; signal?: AbortSignal},
  ): Promise<ModelFacts>;
  /** Takes a model off the list; runs in progress end in peace. */
  unloadModel(modelId: string): Promise<{model_id: string; warnings?: string[]; status: "unloaded"}>;
  /** The facts of one loaded model. */
  describeModel(id: string): Promise<ModelFacts>;
  /** Which of the known kinds each head is, with the scores and the tests that say so. */
  nameHeads(id: string): Promise<HeadNames>;
  /** Every point that can be captured or changed, with axes, shape, dtype and names. */
  hookPoints(id: string): Promise<HookPoints>;
  /** A vector of each text: the mean of its residual stream, or the stream at its last token. */
  embed(request: EmbeddingRequest): Promise<Embeddings>;
  /** An answer in the shape of OpenAI's Responses API, whole or as its events. */
  respond(request: ResponseRequest): Promise<Response>;
  /** How likely texts are behind a prompt, token by token. */
  score(request: ScoreRequest): Promise<Scores>;
  /** Registered hooks, which apply only to requests that ask for them. */
  listHooks(model?: string): Promise<RegisteredHooks>;
  /** Registers all hooks of a list, or none where one is wrong. */
  registerHooks(
    hooks: Hook[], model?: string | null,
  ): Promise<{registered_hooks: string[]; status: "hooks_registered"; model?: string; warnings?: string[]}>;
  /** Forgets the registered hooks of a model, or of all. */
  clearHooks(model?: string): Promise<{warnings?: string[]; status: "hooks cleared"}>;
  /** What the model's chat format makes of messages. */
  applyTemplate(
    messages: Message[],
    options?: {model?: string | null; addGenerationPrompt?: boolean | null; tools?: JSONObject[] | null; chatTemplateKwargs?: JSONObject | null; continueFinalMessage?: boolean | null; reasoningEffort?: "low" | "medium" | "high" | null; parseSpecial?: boolean | null; signal?: AbortSignal},
  ): Promise<{prompt: string; tokens: number[]; warnings?: string[]}>;
  /** Tokens to text. */
  detokenize(
    tokens: number[], options?: {model?: string | null; skipSpecial?: boolean | null; signal?: AbortSignal},
  ): Promise<{warnings?: string[]; text: string}>;
  /** Text to tokens. */
  tokenize(
    text: string,
    options?: {model?: string | null; parseSpecial?: boolean | null; addSpecial?: boolean | null; signal?: AbortSignal},
  ): Promise<Tokens>;
  /** Unfinished runs and the last finished ones, the newest first; of long ones the first 16 hooks and
   * interventions and 4,000 bytes of text. */
  listRuns(): Promise<{runs: Run[]}>;
  /** Begins a run that any number of viewers can watch. */
  startRun(request: RunRequest): Promise<Run>;
  /** The run as it is now. */
  describeRun(id: string): Promise<Run>;
  /** Ends a run, or forgets one that is over. */
  cancelRun(id: string): Promise<Run>;
  /** Tensor frames one behind the other, from the server's memory and the run's recording. */
  frames(id: string, options?: {hook?: string; from?: number; to?: number; signal?: AbortSignal}): Promise<Frame[]>;
  /** Lets other keys watch a run, or its own alone. */
  shareRun(id: string, shared?: boolean | null): Promise<{run_id: string; shared: boolean}>;
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
  /** Adds watchpoints to a run, or takes them off, from the next step on. */
  changeWatches(id: string, request: WatchChanges): Promise<ChangedWatches>;
  /** What a model expects behind a prompt with places of the pass changed, and without. */
  patchActivations(request: PatchRequest): Promise<PatchResult>;
  /** The analyses there are, their parameters and where they are described. */
  listAnalyses(): Promise<Analyses>;
  /** Measures a logit difference while one place of the model after the other is changed. */
  analyse(request: Sweep): Promise<SweepResult>;
  /** Measures what of a logit difference goes from some parts of the model to others. */
  analysePaths(request: PathRequest): Promise<PathResult>;
  /** Begins such a measurement as a run of its own; `detach` has to be true. */
  startAnalysis(request: Sweep): Promise<Run>;
  /** Begins a measurement of paths as a run of its own; `detach` has to be true. */
  startPaths(request: PathRequest): Promise<Run>;
  /** Finds what heads do by their weights alone, and which read what others write. */
  analyseWeights(request: WeightsRequest): Promise<WeightsResult>;
  /** Begins that as a run of its own; `detach` has to be true. */
  startWeights(request: WeightsRequest): Promise<Run>;
  /** What each head attends to in a prompt, and what kind of head that makes it. */
  analyzeAttention(request: AttentionRequest): Promise<AttentionAnalysis>;
  /** Which places of a model matter for what comes behind a prompt. */
  discoverCircuits(request: CircuitRequest): Promise<Circuits>;
  /** The attribution graphs that are kept, the newest use first. */
  listGraphs(): Promise<{graphs: GraphMetadata[]}>;
  /** An attribution graph, as Neuronpedia and circuit-tracer read it. */
  describeGraph(slug: string): Promise<AttributionGraph>;
  /** Forgets an attribution graph. */
  deleteGraph(slug: string): Promise<{slug: string; status: "deleted"}>;
  /** Lets other keys read an attribution graph, or its own alone. */
  shareGraph(slug: string, shared?: boolean | null): Promise<{slug: string; shared: boolean}>;
  /** Checks an attribution graph by cutting what is outside of its circuit, and the circuit itself. */
  verifyGraph(slug: string, request?: GraphCheckRequest): Promise<GraphCheck>;
  /** Harvests that are kept in files. */
  listHarvests(): Promise<{harvests: Harvest[]}>;
  /** How a kept harvest stands. */
  describeHarvest(id: string): Promise<Harvest>;
  /** Ends a harvest that is being written, or removes one that is not. */
  deleteHarvest(id: string): Promise<{name: string; status: "cancelled" | "deleted"}>;
  /** A file of a kept harvest. */
  harvestFile(id: string, file: string): Promise<Uint8Array>;
  /** Lets other keys see a kept harvest, or its own alone. */
  shareHarvest(id: string, shared?: boolean | null): Promise<{name: string; shared: boolean}>;
  /** Recorded runs. */
  listRecordings(): Promise<{recordings: Recording[]}>;
  /** What a recording says of itself. */
  describeRecording(id: string): Promise<RecordingDetails>;
  /** Removes a recording. */
  deleteRecording(id: string): Promise<{recording_id: string; status: "deleted"}>;
  /** The tensors as safetensors or NPZ. */
  exportRecording(id: string, format?: "safetensors" | "npz", dtype?: "recorded" | "f32"): Promise<Uint8Array>;
  /** The file, as recording.md draws it. */
  recordingFile(id: string): Promise<Uint8Array>;
  /** Plays a recording as a run, byte for byte, without a model. */
  replayRecording(
    id: string,
    options?: {speed?: number | null; from?: number | null; to?: number | null; start?: "running" | "paused" | null; signal?: AbortSignal},
  ): Promise<Run>;
  /** Lets other keys see a recording, or its own alone. */
  shareRecording(id: string, shared?: boolean | null): Promise<{recording_id: string; shared: boolean}>;
  /** Executes the recorded run again, with every change it saw, and reports the first difference. */
  verifyRecording(id: string): Promise<Verification>;
  /** The documented scenarios and hook configurations. */
  listScenarios(): Promise<Scenarios>;
  /** Begins a scenario as a run; the body replaces members of it. */
  runScenario(name: string, request?: RunRequest): Promise<ScenarioRun>;
  /** Reads the file of keys and the TLS certificate again; a file that is wrong changes nothing of either. */
  reloadKeys(): Promise<{keys: number; certificate?: {expires_in: number}}>;
  /** A ticket that opens one GET on behalf of the caller's key, as `?ticket=…`. */
  makeTicket(): Promise<{ticket: string; expires_in: number}>;
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
  /** An analysis of many passes as it goes on; the last event is its result. Leaving the loop or the signal ends the work. */
  analysisEvents(request: Sweep | PathRequest | GraphRequest | WeightsRequest, options?: {signal?: AbortSignal}): AsyncGenerator<AnalysisStep, void, undefined>;
  /** An attribution graph, found, kept on the server and read; `progress` is given the events on the way. */
  graph(
    request: Omit<GraphRequest, "analysis">, options?: {progress?: (event: AnalysisStep) => void; signal?: AbortSignal},
  ): Promise<AttributionGraph>;
  /** The information flow into what comes next behind a prompt. */
  flow(prompt: string | number[], options?: FlowOptions): Promise<FlowGraph>;
  /** Each prompt of a harvest in turn; leaving the loop or the signal ends it. */
  harvest(request: HarvestRequest, options?: {signal?: AbortSignal}): AsyncGenerator<HarvestedPrompt, void, undefined>;
  /** The activations of prompts by name; names may have `*`. */
  cache(
    prompts: string | number[] | (string | number[])[], names: string | string[],
    options?: {model?: string; positions?: Hook["positions"]; dtype?: "f32" | "f16" | "bf16" | "i8"; signal?: AbortSignal},
  ): Promise<ActivationCache>;
  /** Keeps the activations of prompts in files on the server. */
  store(
    name: string, prompts: string | number[] | (string | number[])[], names: string | string[],
    options?: {
      model?: string; positions?: Hook["positions"]; dtype?: "f32" | "f16" | "bf16" | "i8"; shardBytes?: number;
      signal?: AbortSignal;
    },
  ): Promise<Harvest>;
  /** What heads attend to, the mean over prompts: random tokens given twice show induction. */
  heads(
    prompts: string | number[] | (string | number[])[], options?: {layers?: number[]; model?: string; signal?: AbortSignal},
  ): Promise<Heads>;
  /** What each layer would say next, at each position. */
  lens(
    prompt: string | number[],
    options?: {layers?: number[]; positions?: Hook["positions"]; top?: number; model?: string; signal?: AbortSignal},
  ): Promise<Lens>;
  /** What of a behaviour comes back when a clean run's activations are put into a corrupted one, place by place. */
  patch(
    clean: string | number[] | (string | number[])[], corrupted: string | number[] | (string | number[])[],
    answer: string | number | (string | number)[], wrong: string | number | (string | number)[],
    options?: {
      component?: Sweep["component"]; by?: Sweep["by"]; layers?: number[]; model?: string; signal?: AbortSignal;
    },
  ): Promise<SweepResult>;
  /** What heads do by their weights alone: what each asks for and moves, and which read what earlier ones write. */
  weightCircuits(
    layers?: number[],
    options?: {
      foldNorms?: boolean; directions?: number; top?: number; vectors?: boolean; edges?: number; model?: string; signal?: AbortSignal;
    },
  ): Promise<WeightsResult>;
  /** Which of the known kinds each head of a model is; waits for the job that finds it, where nobody has asked before. */
  namedHeads(model?: string, options?: {progress?: (found: HeadNames) => void; signal?: AbortSignal}): Promise<HeadNames>;
  /** What of a behaviour goes from senders (each head, unless some are named) to receivers, everything else held fixed. */
  patchPaths(
    clean: string | number[] | (string | number[])[], corrupted: string | number[] | (string | number[])[],
    answer: string | number | (string | number)[], wrong: string | number | (string | number)[],
    receivers: PathRequest["receivers"],
    options?: {
      senders?: PathRequest["senders"]; direction?: PathRequest["direction"]; frozen?: PathRequest["frozen"]; model?: string;
      signal?: AbortSignal;
    },
  ): Promise<PathResult>;
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
  changeWatches(changes: WatchChanges): Promise<Reply & ChangedWatches>;
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
