// Where the services stand, remembered by the browser, so that the map looks the same tomorrow.

import type { Places } from "./layout";

const KEY = "atoll.places";

class Kept extends Map<string, { x: number; y: number }> {
  override set(id: string, at: { x: number; y: number }): this {
    super.set(id, at);
    this.keep();
    return this;
  }

  override clear(): void {
    super.clear();
    this.keep();
  }

  private isDue = false;

  private keep(): void {
    if (this.isDue) return;
    this.isDue = true;
    queueMicrotask(() => {
      this.isDue = false;
      localStorage.setItem(KEY, JSON.stringify([...this]));
    });
  }
}

function kept(): Places {
  const places = new Kept();
  try {
    for (const [id, at] of JSON.parse(localStorage.getItem(KEY) ?? "[]") as [string, { x: number; y: number }][]) places.set(id, at);
  } catch {
    localStorage.removeItem(KEY);
  }
  return places;
}

export const places = kept();
