// A story: what happened to one key, in words that need no knowledge of services.

import { failed } from "./format";
import type { Dead, Line, Span, Story } from "./types";

export interface Moment {
  id: string;
  at: number;
  service: string;
  title: string;
  said: string[];
  kind: "step" | "fact" | "decision" | "trouble";
  span: Span | null;
  trace: string;
  gap: number; // seconds since what came before
}

const DECISION = /\b(decid|decision|assigned|chose|chosen|because|score|grade|approved|rejected|refused|qualified|matched|merged|skipped)/i;

// "capture.lead_captured.v1" is "lead captured".
export function plainName(name: string): string {
  const parts = name.split(".").filter((part) => !/^v\d+$/.test(part));
  return (parts.at(-1) ?? name).replaceAll("_", " ");
}

function title(span: Span): string {
  const what = plainName(span.name);
  switch (span.kind) {
    case "published": return sentence(what);
    case "delivery": return `${sentence(span.service)} took up: ${what}`;
    case "asked": return `${sentence(span.service)} asked for ${what}${failed(span.outcome) ? ", and got no answer" : ""}`;
    case "call": return span.caller === "gateway" ? `Came in: ${what}` : `${sentence(span.service)} answered ${what}${span.caller ? ` for ${span.caller}` : ""}`;
    default: return `${sentence(span.service)}: ${what}`;
  }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function momentsOf(story: Story, isDetailed: boolean): Moment[] {
  const moments: Moment[] = [];
  for (const span of story.spans) {
    const isTrouble = failed(span.outcome);
    const isEdge = span.kind === "call" && span.caller === "gateway";
    if (!isDetailed && !isTrouble && !isEdge && span.kind !== "published" && span.kind !== "delivery") continue;
    const said = [];
    if (isTrouble) said.push(`It ended with “${span.outcome.replaceAll("_", " ")}”.`);
    if (span.attempt > 1) said.push(`This was attempt ${span.attempt}.`);
    if (span.degraded.length) said.push(`${span.degraded.map(plainName).join(", ")} was missing; it went on without.`);
    const kind = isTrouble ? "trouble" : span.kind === "published" ? "fact" : "step";
    moments.push({ id: `${span.trace_id}${span.span_id}`, at: span.started_at, service: span.service, title: title(span), said, kind, span, trace: span.trace_id ?? "", gap: 0 });
  }
  for (const line of story.lines) {
    const isTrouble = line.level === "error" || line.level === "critical" || line.level === "warning";
    if (!isDetailed && !isTrouble && !DECISION.test(line.message)) continue;
    moments.push(ofLine(line, isTrouble));
  }
  for (const dead of story.dead) moments.push(ofDead(dead));
  moments.sort((a, b) => a.at - b.at);
  moments.forEach((moment, index) => (moment.gap = index ? moment.at - (moments[index - 1]?.at ?? moment.at) : 0));
  return moments;
}

function ofLine(line: Line, isTrouble: boolean): Moment {
  const said = line.error ? [line.error.split("\n").at(-1) ?? ""] : [];
  return { id: `line-${line.number}`, at: line.at, service: line.service, title: sentence(line.message), said, kind: isTrouble ? "trouble" : DECISION.test(line.message) ? "decision" : "step", span: null, trace: line.trace_id, gap: 0 };
}

function ofDead(dead: Dead): Moment {
  const title = dead.state === "dead" ? `${sentence(dead.service)} gave up on: ${plainName(dead.type)}` : `${sentence(dead.service)} waits with: ${plainName(dead.type)}`;
  return { id: `dead-${dead.service}-${dead.number}`, at: dead.at, service: dead.service, title, said: [`${dead.attempts} attempts. ${dead.error}`], kind: "trouble", span: null, trace: dead.trace_id, gap: 0 };
}
