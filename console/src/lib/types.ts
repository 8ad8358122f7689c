// What the JSON API answers, as the pages read it. Times are seconds since 1970, durations milliseconds.

export type State = "well" | "degraded" | "down" | "stopped" | "unknown";
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Schema = { [name: string]: Json };

export interface Session {
  application: string;
  version: string;
  topology: "single" | "processes";
  user: string;
  role: "operator" | "viewer";
  csrf: string;
}

export interface MapNode {
  id: string;
  kind: "service" | "edge" | "database" | "elsewhere" | "outside";
  name: string;
  owner: string;
  version: string;
  state: State;
  reasons: string[];
  instances: number;
  instances_ready: number;
  rate_per_s: number;
  errors_per_s: number;
  p50_ms: number | null;
  p95_ms: number | null;
  p99_ms: number | null;
  in_progress: number;
  can_scale: boolean;
}

export interface MapEdge {
  id: string;
  source: string;
  target: string;
  kind: "call" | "events" | "data";
  rate_per_s: number;
  errors_per_s: number;
  p95_ms: number | null;
  backlog: number;
  parked: number;
  dead: number;
  breaker: "" | "open" | "trying";
}

export interface Chart {
  at: number;
  nodes: MapNode[];
  edges: MapEdge[];
}

export interface Argument {
  name: string;
  place: "path" | "query" | "body";
  required: boolean;
  schema: Schema;
}

export interface Operation {
  id: string;
  name: string;
  method: string;
  path: string;
  public: boolean;
  deprecated: boolean;
  description: string;
  arguments: Argument[];
  result_schema: Schema | null;
  problems: string[];
  rate_per_s: number;
  errors_per_s: number;
  count: number;
  p50_ms: number | null;
  p99_ms: number | null;
}

export interface Process {
  name: string;
  pid: number | null;
  state: string;
  health: string;
  restarts: number;
  memory_bytes: number | null;
  calls_per_s: number;
  started_at: number | null;
  last_exit: string | number | null;
  loop_lag_ms: number | null;
}

export interface Service {
  node: MapNode;
  description: string;
  owner: string;
  contract: { id: string; version: string; description: string } | null; // an edge has none
  operations: Operation[];
  publishes: { type: string; schema: Schema | null; description: string }[];
  subscribes: { publisher: string; types: string[]; backlog: number; parked: number; dead: number; state: string }[];
  dependencies: { service: string; degrades_to: string | null; timeout_ms: number | null; breaker: string }[];
  callers: string[];
  processes: Process[];
}

export interface TraceRow {
  trace_id: string;
  started_at: number;
  duration_ms: number;
  service: string;
  name: string;
  key: string;
  outcome: string;
  spans: number;
  errors: number;
  services: string[];
}

export interface Traces {
  traces: TraceRow[];
  lost: { traces: number; missed_bytes: number };
}

export interface Span {
  span_id: string;
  parent_id: string;
  trace_id?: string;
  kind: "call" | "asked" | "delivery" | "turn" | "published" | "inner";
  service: string;
  name: string;
  caller: string;
  started_at: number;
  duration_ms: number;
  outcome: string;
  attempt: number;
  degraded: string[];
  met: string[];
  key: string;
  tenant: string;
}

export interface Line {
  number: number;
  process: string;
  at: number;
  level: "debug" | "info" | "warning" | "error" | "critical";
  logger: string;
  message: string;
  service: string;
  trace_id: string;
  span_id: string;
  error: string;
  more: { [name: string]: Json };
}

export interface Trace {
  trace_id: string;
  spans: Span[];
  lines: Line[];
}

export interface Subscription {
  subscriber: string;
  publisher: string;
  state: string;
  backlog: number;
  parked: number;
  dead: number;
  rate_per_s: number;
  position: number;
  head: number;
}

export interface Events {
  subscriptions: Subscription[];
  logs: { publisher: string; head: number; oldest: number; bytes: number | null }[];
}

export interface Dead {
  service: string;
  publisher: string;
  number: number;
  id: string;
  type: string;
  key: string;
  tenant: string;
  state: "dead" | "waiting" | "behind";
  error: string;
  attempts: number;
  at: number;
  due_at: number | null;
  payload: Json;
  trace_id: string;
}

export interface Message {
  publisher: string;
  position: number;
  id: string;
  type: string;
  key: string;
  sequence: number;
  published_at: number;
  actor: string;
  trace_id: string;
  payload: Json;
}

export interface Story {
  key: string;
  spans: Span[];
  lines: Line[];
  dead: Dead[];
}

export interface Deed {
  at: number;
  actor: string;
  action: string;
  subject: string;
  detail: string;
  outcome: string;
  via: string;
  service: string;
}

export interface Called {
  status: number;
  body: Json;
  trace_id: string;
  duration_ms: number;
}
