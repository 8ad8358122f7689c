// The figures of the map, apart from where things stand: figures change twice a second, places hardly ever.

import type { Chart, MapEdge, MapNode } from "../lib/types";

const POINTS = 600;

export interface Course { at: number[]; rate: number[]; errors: number[]; p95: (number | null)[] }

class Live {
  nodes = $state.raw<ReadonlyMap<string, MapNode>>(new Map());
  edges = $state.raw<ReadonlyMap<string, MapEdge>>(new Map());
  at = $state(0);
  near = $state.raw<ReadonlySet<string> | null>(null); // ids of the isolated neighbourhood, of nodes and edges
  labels = $state(true);
  fromOutside = $derived([...this.edges.values()].reduce((sum, { source, rate_per_s }) => sum + (this.nodes.get(source)?.kind === "outside" ? rate_per_s : 0), 0));
  private courses = new Map<string, Course>();

  hear(chart: Chart): void {
    this.nodes = new Map(chart.nodes.map((node) => [node.id, node]));
    this.edges = new Map(chart.edges.map((edge) => [edge.id, edge]));
    this.at = chart.at;
    for (const node of chart.nodes) this.note(chart.at, node);
  }

  note(at: number, node: MapNode): void {
    const course = this.course(node.name);
    if (node.kind === "database" || (course.at.at(-1) ?? 0) >= at) return;
    course.at.push(at);
    course.rate.push(node.rate_per_s);
    course.errors.push(node.errors_per_s);
    course.p95.push(node.p95_ms || null); // nothing was measured
    if (course.at.length > POINTS) for (const each of Object.values(course)) (each as unknown[]).shift();
  }

  // How a service has done since the pages were opened.
  course(name: string): Course {
    let course = this.courses.get(name);
    if (!course) this.courses.set(name, (course = { at: [], rate: [], errors: [], p95: [] }));
    return course;
  }

  database(name: string): MapNode | undefined {
    return this.nodes.get(`db:${name}`);
  }
}

export const live = new Live();

export const WIDTH = 172;
export const HEIGHT = 62;
export const HEIGHT_OF_SERVICE = 86;
