// Where things stand. Who has a place keeps it: new ones are put beside their neighbours, the rest does not move.

import type { Ask, Laid } from "./layout.worker";
import address from "./layout.worker?worker&url";

export type Places = Map<string, { x: number; y: number }>;
export interface Box { id: string; width: number; height: number }
export interface Pair { source: string; target: string }

interface Policies {
  createPolicy(name: string, rules: { createScriptURL: (text: string) => string }): {
    createScriptURL: (text: string) => URL;
  };
}

let worker: Worker | null = null;
let turns = 0;

// The policy of the pages takes only addresses that a policy of its own has let through: this one, of our own file.
function started(): Worker {
  const { trustedTypes } = globalThis as { trustedTypes?: Policies };
  const rules = { createScriptURL: (text: string) => text };
  const own = trustedTypes?.createPolicy("atoll-worker", rules).createScriptURL(address) ?? address;
  return new Worker(own, { type: "module" });
}

export function laidOut(nodes: Box[], edges: Pair[], across = 90, apart = 26): Promise<Places> {
  const { promise, resolve, reject } = withResolvers<Places>();
  worker ??= started();
  const used = worker;
  const turn = (turns += 1);
  const heard = ({ data }: MessageEvent<Laid>): void => {
    if (data.turn !== turn) return;
    used.removeEventListener("message", heard);
    resolve(new Map(data.places.map(([id, x, y]) => [id, { x, y }])));
  };
  used.addEventListener("message", heard);
  used.addEventListener("error", () => reject(new Error("the layout failed")), { once: true });
  used.postMessage({ turn, nodes, edges, across, apart } satisfies Ask);
  return promise;
}

// Places for all boxes: kept ones as they are, new ones where the layout wants them beside a kept neighbour.
export function joined(kept: Places, laid: Places, boxes: Box[], edges: Pair[]): Places {
  const all: Places = new Map();
  for (const { id } of boxes) {
    const place = kept.get(id);
    if (place) all.set(id, place);
  }
  if (!all.size) return laid;
  const taken = boxes.filter(({ id }) => all.has(id));
  for (const box of boxes) {
    if (all.has(box.id)) continue;
    const wanted = laid.get(box.id) ?? { x: 0, y: 0 };
    const friend = edges
      .filter(({ source, target }) => source === box.id || target === box.id)
      .map(({ source, target }) => (source === box.id ? target : source))
      .find((id) => all.has(id));
    const from = friend ? laid.get(friend) : undefined;
    const anchor = friend ? all.get(friend) : undefined;
    const place = from && anchor ? { x: anchor.x + wanted.x - from.x, y: anchor.y + wanted.y - from.y } : { ...wanted };
    while (taken.some((other) => overlaps(place, box, all.get(other.id), other))) place.y += 30;
    all.set(box.id, place);
    taken.push(box);
  }
  return all;
}

function overlaps(one: { x: number; y: number }, box: Box, two: { x: number; y: number } | undefined, other: Box): boolean {
  if (!two) return false;
  const apart = one.x + box.width + 16 < two.x || two.x + other.width + 16 < one.x;
  return !(apart || one.y + box.height + 12 < two.y || two.y + other.height + 12 < one.y);
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
