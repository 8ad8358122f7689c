// The names of the services, for filters. Asked for once; a service that comes later is there after the next look.

import { client } from "./client.svelte";
import type { Chart } from "./types";

class Names {
  services = $state.raw<string[]>([]);
  example = $state(""); // of those that can be scaled, if any can
  private isAsked = false;

  ask(): void {
    if (this.isAsked) return;
    this.isAsked = true;
    client.get<Chart>("/api/map").then(
      (chart) => {
        this.services = chart.nodes.filter(({ kind }) => kind !== "database" && kind !== "outside").map(({ name }) => name).sort();
        this.example = (chart.nodes.find(({ can_scale }) => can_scale) ?? chart.nodes.find(({ kind }) => kind === "service"))?.name ?? "";
      },
      () => (this.isAsked = false),
    );
  }

  get options(): (readonly [string, string])[] {
    return [["", "All services"], ...this.services.map((name) => [name, name] as const)];
  }
}

export const names = new Names();

// Times that are filtered by: how long ago, in seconds.
export const PERIODS = [["", "Any time"], ["300", "5 minutes"], ["900", "15 minutes"], ["3600", "1 hour"], ["86400", "1 day"]] as const;

export function sinceOf(period: string): number | null {
  const seconds = Number(period);
  return seconds > 0 ? Math.floor((Date.now() / 1000 - seconds) / 10) * 10 : null;
}
