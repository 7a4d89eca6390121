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

export interface Message {
  role: "system" | "developer" | "user" | "assistant" | "tool";
  content?: string | {type: "text"; text: string}[] | null;
}

export type Positions = "all" | "last" | number[] | JSONObject;

export interface Hook {
  layer_name: string;
  component: string;
  hook_id?: string;
  capture_input?: boolean;
  capture_output?: boolean;
  positions?: Positions;
  heads?: number[];
  neurons?: number[];
  experts?: number[];
  reduce?: string | JSONObject;
  every?: number;
  dtype?: "f32" | "f16" | "bf16" | "i8";
  encoding?: Encoding;
}

export type Encoding = "nested" | "list" | "base64" | "none";

export interface Intervention {
  intervention_id?: string;
  layer_name: string;
  component: string;
  is_input?: boolean;
  kind: string;
  positions?: Positions;
  heads?: number[];
  neurons?: number[];
  experts?: number[];
  strength?: number;
  vector?: number[];
  low?: number;
  high?: number;
  std?: number;
  seed?: number;
  /** A capture that the server still holds, or the rows themselves: base64 of little-endian f32. */
  source?: {run_id: string; hook_id: string} | {rows: string; first_position?: number};
  from_step?: number;
  to_step?: number;
}

/** What to compute from each pass; the results come as `analysis` events. */
export interface Analysis {
  name: "logit_lens" | "direct_logit_attribution" | "head_scores" | "attention_entropy";
  layers?: number[];
  positions?: Positions;
  top?: number;
  answer?: number | string;
  versus?: number | string;
  heads?: boolean;
}

export interface Contrast {prompt?: string; messages?: Message[]; tokens?: number[]}

/** Activation patching or ablation, place by place. Prompts are of one length in tokens. */
export interface Sweep {
  analysis: "activation_patching" | "ablation";
  model?: string;
  clean: string | Contrast | (string | Contrast)[];
  corrupted?: string | Contrast | (string | Contrast)[];
  answer: number | string | (number | string)[];
  wrong: number | string | (number | string)[];
  component: "resid_pre" | "resid_mid" | "resid_post" | "attn_out" | "mlp_out" | "q" | "k" | "v" | "z";
  by?: "layer" | "head" | "position";
  kind?: "zero" | "mean";
  layers?: number[];
  signal?: AbortSignal;
}

export interface SweepResult {
  clean: number;
  corrupted: number | null;
  axes: ("layer" | "head" | "position")[];
  layers: number[];
  tokens?: string[];
  logit_diff: number[][];
  effect: (number | null)[][];
  passes: number;
}

export interface SamplingOptions {
  model?: string;
  maxTokens?: number;
  temperature?: number;
  topP?: number;
  topK?: number;
  minP?: number;
  repetitionPenalty?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  seed?: number;
  stop?: string | string[];
  ignoreEos?: boolean;
}

export interface CompletionOptions extends SamplingOptions {
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

export interface RunRequest extends SamplingOptions {
  messages?: Message[];
  prompt?: string;
  tokens?: number[];
  hooks?: Hook[];
  activationHooks?: Hook[];
  useRegisteredHooks?: boolean;
  interventions?: Intervention[];
  analyses?: Analysis[];
  frames?: {dtype?: "f32" | "f16" | "bf16" | "i8"; codec?: Codec};
  topLogprobs?: number;
  record?: boolean;
  /** Goes on although nobody watches. */
  detach?: boolean;
  start?: "running" | "paused";
  signal?: AbortSignal;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
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

export interface Health {
  status: "healthy";
  service: string;
  component: string;
  version: string;
  timestamp: string;
  current_model: string | null;
  ready: boolean;
  loaded_models: string[];
  total_loaded: number;
}

export interface ModelEntry {
  id: string;
  model_id: string;
  status: string;
  supports_activations: boolean;
  is_current: boolean;
  model_type: string;
}

export interface ModelFacts {
  model_id: string;
  status: "loaded";
  supports_activations: boolean;
  model_type: string;
  num_layers: number;
  hidden_size: number;
  vocab_size: number;
  quantization: string | null;
  context_length: number;
}

export interface LoadOptions {
  maxKvSize?: number;
  trustRemoteCode?: boolean;
  signal?: AbortSignal;
}

export interface HookPoint {
  name: string;
  layer: number | null;
  component: string;
  axes: string[];
  shape: (number | string)[];
  dtype: string;
  aliases: string[];
  documented: {layer_name: string; component: string; is_input: boolean}[];
}

export interface RunHook {
  index: number;
  hook_id: string;
  layer_name: string;
  component: string;
  is_input: boolean;
  dtype: string;
  shape: (number | string)[];
}

export interface Run {
  run_id: string;
  status: "queued" | "running" | "paused" | "finished" | "cancelled" | "failed";
  model: string;
  seq: number;
  step: number;
  prompt_tokens: number;
  completion_tokens: number;
  finish_reason: string | null;
  text: string;
  hooks: RunHook[];
  interventions: JSONObject[];
  recording_id: string | null;
  parent_run_id?: string | null;
  viewers: number;
  created: number;
  urls: {events: string; socket: string; frames: string};
}

export interface HookChange {run_id: string; first_step: number; hooks: RunHook[]}
export interface AppliedIntervention {intervention_id: string; first_step: number}
export interface HookChanges {add?: Hook[]; remove?: string | string[]; activationHooks?: Hook[]}
export interface ForkChanges extends SamplingOptions {
  activationHooks?: Hook[];
  interventions?: Intervention[];
  detach?: boolean;
  start?: "running" | "paused";
}

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

  healthCheck(): Promise<Health>;
  capabilities(): Promise<JSONObject>;
  /** What can be computed from each pass of a run, and its parameters. */
  listAnalyses(): Promise<{live: (JSONObject & {name: string})[]}>;
  /** Measures a logit difference while one place of the model after the other is changed. */
  analyse(sweep: Sweep): Promise<SweepResult>;
  openApi(): Promise<JSONObject>;
  listModels(): Promise<{object: "list"; models: ModelEntry[]; data: ModelEntry[]}>;
  availableModels(): Promise<{models: {id: string; path: string; format: string; bytes: number; loaded: boolean}[]}>;
  describeModel(id: string): Promise<ModelFacts>;
  hookPoints(id: string): Promise<{model_id: string; num_layers: number; hook_points: HookPoint[]}>;
  loadModel(path: string, id?: string | null, options?: LoadOptions): Promise<ModelFacts>;
  unloadModel(id: string): Promise<{model_id: string; status: "unloaded"}>;

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

  registerHooks(hooks: Hook[], model?: string): Promise<{registered_hooks: string[]; status: "hooks_registered"}>;
  listHooks(model?: string): Promise<{hooks: (Hook & {hook_id: string; model: string})[]}>;
  clearHooks(model?: string): Promise<{status: "hooks cleared"}>;
  tokenize(text: string, options?: {model?: string; parseSpecial?: boolean; addSpecial?: boolean}):
    Promise<{tokens: number[]; pieces: string[]; count: number}>;
  detokenize(tokens: number[], options?: {model?: string; skipSpecial?: boolean}): Promise<{text: string}>;
  applyTemplate(messages: Message[], options?: {model?: string; addGenerationPrompt?: boolean}):
    Promise<{prompt: string; tokens: number[]}>;

  startRun(request: RunRequest): Promise<Run>;
  listRuns(): Promise<{runs: Run[]}>;
  describeRun(id: string): Promise<Run>;
  /** Ends a run, or forgets one that is over. */
  cancelRun(id: string): Promise<Run>;
  pause(id: string): Promise<Run>;
  resume(id: string): Promise<Run>;
  step(id: string, count?: number): Promise<Run>;
  rewind(id: string, toStep: number): Promise<Run>;
  fork(id: string, changes?: ForkChanges): Promise<Run>;
  changeHooks(id: string, changes: HookChanges): Promise<HookChange>;
  intervene(id: string, intervention: Intervention): Promise<AppliedIntervention>;
  removeIntervention(id: string, intervention: string): Promise<AppliedIntervention>;
  clearInterventions(id: string): Promise<{removed: AppliedIntervention[]}>;
  /** The frames of a run that the server still holds. */
  frames(id: string, query?: {hook?: string; from?: number; to?: number}): Promise<Frame[]>;

  /** The events of a run, over fetch; a broken connection is taken up again behind the last event. */
  events(id: string, options?: WatchOptions): AsyncGenerator<RunEvent, void, undefined>;
  /** Begins a run and gives its events, which waits for its reader; leaving the loop or the signal cancels it. */
  streamRun(request: RunRequest, options?: WatchOptions): AsyncGenerator<RunEvent, void, undefined>;
  /** The events of a run, over the browser's EventSource. */
  eventSource(id: string, options?: WatchOptions): AsyncGenerator<RunEvent, void, undefined>;
  /** A WebSocket that starts, watches and steers any number of runs. */
  socket(options?: {signal?: AbortSignal; retries?: number}): Promise<NeuroScopeSocket>;

  listRecordings(): Promise<{recordings: (JSONObject & {recording_id: string})[]}>;
  describeRecording(id: string): Promise<JSONObject & {recording_id: string; complete: boolean}>;
  deleteRecording(id: string): Promise<{recording_id: string; status: "deleted"}>;
  /** The recording itself, as ../../recording.md draws it. */
  recordingFile(id: string): Promise<Uint8Array>;
  exportRecording(id: string, format?: "safetensors" | "npz"): Promise<Uint8Array>;
  replayRecording(
    id: string, options?: {speed?: number; from?: number; to?: number; start?: "running" | "paused"},
  ): Promise<Run>;
  verifyRecording(id: string): Promise<{ok: boolean; frames_compared: number; first_difference: JSONObject | null}>;
  listScenarios(): Promise<{scenarios: (JSONObject & {name: string})[]; hook_configurations: JSONObject[]}>;
  runScenario(name: string, changes?: RunRequest):
    Promise<{run_id: string; run: Run; scenario: string; scaled_layers: JSONObject[]}>;

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
