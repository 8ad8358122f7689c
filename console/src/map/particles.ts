// Traffic: dots that run along the flows, on one canvas above the map. Their number follows the rate.

import type { Node, Viewport } from "@xyflow/svelte";
import type { MapEdge } from "../lib/types";
import { WIDTH } from "./live.svelte";

const FRAME_MS = 33; // 30 pictures a second are smooth enough for dots, and cost half
const SPEED = 90; // px a second
const DOTS_MAX = 9;

interface Curve { x0: number; y0: number; x1: number; y1: number; c0: number; c1: number; length: number }
export interface Scene {
  nodes: ReadonlyMap<string, Node>;
  edges: ReadonlyMap<string, MapEdge>;
  near: ReadonlySet<string> | null;
  view: Viewport;
  height: (id: string) => number;
}

export class Particles {
  private frame = 0;
  private last = 0;
  private colours: Record<string, string> = {};

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly scene: () => Scene,
  ) {}

  start(): void {
    this.stop();
    const style = getComputedStyle(this.canvas);
    const probe = (name: string): string => style.getPropertyValue(name).trim();
    const isDark = style.colorScheme === "dark" || (style.colorScheme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    for (const name of ["call", "event", "bad-solid"]) {
      const both = /light-dark\(\s*([^,]+),\s*([^)]+)\)/.exec(probe(`--${name}`));
      this.colours[name] = (both?.[isDark ? 2 : 1] ?? probe(`--${name}`)).trim();
    }
    const draw = (now: number): void => {
      this.frame = requestAnimationFrame(draw);
      if (now - this.last < FRAME_MS) return;
      this.last = now;
      this.draw(now);
    };
    this.frame = requestAnimationFrame(draw);
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
    this.canvas.getContext("2d")?.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  private draw(now: number): void {
    const { canvas } = this;
    const pen = canvas.getContext("2d");
    if (!pen) return;
    const ratio = Math.min(devicePixelRatio, 2);
    const [wide, high] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
      canvas.width = Math.round(wide * ratio);
      canvas.height = Math.round(high * ratio);
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, wide, high);
    const { nodes, edges, near, view, height } = this.scene();
    const size = Math.max(1.2, 2.6 * Math.min(1, view.zoom * 1.2));
    for (const edge of edges.values()) {
      if (edge.rate_per_s <= 0 || (near && !near.has(edge.id))) continue;
      const [source, target] = [nodes.get(edge.source), nodes.get(edge.target)];
      if (!source || !target) continue;
      const curve = curveOf(source, target, view, height);
      if (Math.max(curve.x0, curve.x1) < 0 || Math.min(curve.x0, curve.x1) > wide) continue;
      if (Math.max(curve.y0, curve.y1) < 0 || Math.min(curve.y0, curve.y1) > high) continue;
      this.run(pen, edge, curve, (now / 1000) * SPEED * view.zoom, size);
    }
  }

  private run(pen: CanvasRenderingContext2D, edge: MapEdge, curve: Curve, way: number, size: number): void {
    const dots = Math.max(1, Math.min(DOTS_MAX, Math.round(Math.log2(1 + edge.rate_per_s) * 1.3)));
    const wrong = Math.ceil(dots * Math.min(1, edge.errors_per_s / edge.rate_per_s));
    const plain = this.colours[edge.kind === "events" ? "event" : "call"] ?? "gray";
    for (let dot = 0; dot < dots; dot += 1) {
      const t = (way / curve.length + dot / dots) % 1;
      const u = 1 - t;
      const [a, b, c, d] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
      const x = a * curve.x0 + b * curve.c0 + c * curve.c1 + d * curve.x1;
      const y = (a + b) * curve.y0 + (c + d) * curve.y1;
      pen.fillStyle = dot < wrong ? (this.colours["bad-solid"] ?? "red") : plain;
      pen.beginPath();
      pen.arc(x, y, size, 0, 6.2832);
      pen.fill();
    }
  }
}

// The same curve as the map's lines: from the right side of one to the left side of the other.
function curveOf(source: Node, target: Node, view: Viewport, height: (id: string) => number): Curve {
  const x0 = source.position.x + WIDTH;
  const y0 = source.position.y + height(source.id) / 2;
  const x1 = target.position.x;
  const y1 = target.position.y + height(target.id) / 2;
  const away = x1 - x0;
  const pull = away >= 0 ? 0.5 * away : 0.25 * 25 * Math.sqrt(-away);
  const zoom = (x: number): number => x * view.zoom + view.x;
  const rise = (y: number): number => y * view.zoom + view.y;
  const length = Math.max(40, Math.hypot(away, y1 - y0) * view.zoom);
  return { x0: zoom(x0), y0: rise(y0), x1: zoom(x1), y1: rise(y1), c0: zoom(x0 + pull), c1: zoom(x1 - pull), length };
}
