// A trace as rows: each piece of work below what has caused it, with what was logged in it.

import type { Line, Span, Trace } from "./types";

export interface Row { span: Span | null; line: Line | null; depth: number; children: number; at: number; id: string }
export interface Waterfall { rows: Row[]; from: number; until: number; services: string[] }

export function waterfall(trace: Trace): Waterfall {
  const children = new Map<string, Span[]>();
  const known = new Set(trace.spans.map(({ span_id }) => span_id));
  let [from, until] = [Infinity, -Infinity];
  for (const span of trace.spans) {
    const parent = known.has(span.parent_id) && span.parent_id !== span.span_id ? span.parent_id : "";
    const list = children.get(parent);
    if (list) list.push(span);
    else children.set(parent, [span]);
    from = Math.min(from, span.started_at);
    until = Math.max(until, span.started_at + span.duration_ms / 1000);
  }
  const lines = new Map<string, Line[]>();
  for (const line of trace.lines) {
    const owner = known.has(line.span_id) ? line.span_id : "";
    lines.set(owner, [...(lines.get(owner) ?? []), line]);
    from = Math.min(from, line.at);
    until = Math.max(until, line.at);
  }
  const rows: Row[] = [];
  const stack: Row[] = [];
  const below = (id: string, depth: number): void => {
    const rowsBelow: Row[] = [];
    for (const span of children.get(id) ?? []) {
      const all = (children.get(span.span_id)?.length ?? 0) + (lines.get(span.span_id)?.length ?? 0);
      rowsBelow.push({ span, line: null, depth, children: all, at: span.started_at, id: span.span_id });
    }
    for (const line of lines.get(id) ?? []) rowsBelow.push({ span: null, line, depth, children: 0, at: line.at, id: `line-${line.number}` });
    rowsBelow.sort((a, b) => b.at - a.at); // the stack gives the last one first
    stack.push(...rowsBelow);
  };
  below("", 0);
  for (let row = stack.pop(); row; row = stack.pop()) {
    rows.push(row);
    if (row.span) below(row.span.span_id, row.depth + 1);
  }
  if (rows.length === 0) [from, until] = [0, 1];
  return { rows, from, until: Math.max(until, from + 0.001), services: [...new Set(trace.spans.map(({ service }) => service))].sort() };
}

// Rows without those below folded ones, and only those that a filter lets through.
export function shownOf(rows: Row[], folded: ReadonlySet<string>, lets: ((row: Row) => boolean) | null): Row[] {
  const shown: Row[] = [];
  let deeper = Infinity;
  for (const row of rows) {
    if (row.depth > deeper) continue;
    deeper = folded.has(row.id) && !lets ? row.depth : Infinity;
    if (!lets || lets(row)) shown.push(row);
  }
  return shown;
}

const KINDS = { call: "answered", asked: "asked for", delivery: "reacted to", turn: "did", published: "published", inner: "did" };

export function words(span: Span): string {
  if (span.kind === "call" && !span.caller) return `let in ${span.name}`;
  return `${KINDS[span.kind]} ${span.name}`;
}
