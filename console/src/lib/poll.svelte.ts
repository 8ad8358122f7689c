// What a page shows is asked for again and again while somebody looks, and not at all while the tab is hidden.

import { untrack } from "svelte";
import { client, Refused, said } from "./client.svelte";

const LOST_MS = 2000;

export class Polled<T> {
  value = $state.raw<T | null>(null);
  error = $state("");
  status = $state(0);
  isLoading = $state(true);
  private before = "";
  private again: () => void = () => {};

  // Must be called while a component is set up. `url` may name state: another address is asked at once. With 0 ms it
  // is asked once, until `now` is called.
  constructor(url: () => string | null, everyMs: number | (() => number), heard?: (value: T) => void) {
    $effect(() => {
      const every = typeof everyMs === "number" ? () => everyMs : () => untrack(everyMs);
      if (url() === null) return;
      return this.run(() => untrack(url) ?? "", every, heard);
    });
  }

  now(): void {
    this.again();
  }

  private run(url: () => string, everyMs: () => number, heard?: (value: T) => void): () => void {
    const leaving = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isAsking = false;
    this.isLoading = true;
    const ask = async (): Promise<void> => {
      clearTimeout(timer);
      if (document.hidden || leaving.signal.aborted || isAsking) return;
      isAsking = true;
      const began = performance.now();
      try {
        const text = await client.text(url(), leaving.signal);
        if (leaving.signal.aborted) return;
        if (text !== this.before || this.error) {
          this.before = text;
          this.value = JSON.parse(text) as T;
        }
        if (this.value !== null) heard?.(this.value);
        this.error = "";
        this.status = 200;
      } catch (error) {
        if (leaving.signal.aborted) return;
        this.error = said(error);
        this.status = error instanceof Refused ? error.status : 0;
        if (error instanceof Refused && error.status < 500) this.value = null;
      } finally {
        isAsking = false;
        if (!leaving.signal.aborted) {
          this.isLoading = false;
          const every = everyMs();
          const wait = this.error ? Math.max(every, LOST_MS) : Math.max(50, every - (performance.now() - began));
          if (every > 0 || this.status === 0) timer = setTimeout(() => void ask(), wait);
        }
      }
    };
    const seen = (): void => {
      if (!document.hidden) void ask();
    };
    this.again = () => void ask();
    document.addEventListener("visibilitychange", seen);
    void ask();
    return () => {
      leaving.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
      this.before = "";
    };
  }
}
