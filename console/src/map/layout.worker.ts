// Lays services out from left to right by who asks whom, away from the thread that draws.

import { graphlib, layout } from "@dagrejs/dagre";

export interface Ask {
  turn: number;
  nodes: { id: string; width: number; height: number }[];
  edges: { source: string; target: string }[];
  across: number;
  apart: number;
}

export interface Laid {
  turn: number;
  places: [string, number, number][];
}

addEventListener("message", (event: MessageEvent<Ask>) => {
  const { turn, nodes, edges, across, apart } = event.data;
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: apart, ranksep: across, edgesep: 8, marginx: 20, marginy: 20 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height });
  for (const { source, target } of edges) if (source !== target) graph.setEdge(source, target);
  layout(graph);
  const places = nodes.map(({ id, width, height }): [string, number, number] => {
    const at = graph.node(id) as { x: number; y: number };
    return [id, at.x - width / 2, at.y - height / 2];
  });
  postMessage({ turn, places } satisfies Laid);
});
