// The one way to the service: JSON, the session, and whether there is a connection.

import type { Session } from "./types";

export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly code: string,
  ) {
    super(detail || title);
  }
}

class Client {
  session = $state.raw<Session | null>(null);
  isOut = $state(false); // nobody is logged in
  isLost = $state(false); // the service did not answer
  heardAt = 0; // when it last did, in seconds since 1970

  get mayAct(): boolean {
    return this.session?.role === "operator";
  }

  // The text of an answer: whoever polls compares it before reading it.
  async text(url: string, signal?: AbortSignal): Promise<string> {
    return (await this.ask(url, { signal: signal ?? null })).text();
  }

  async get<T>(url: string, signal?: AbortSignal): Promise<T> {
    return JSON.parse(await this.text(url, signal)) as T;
  }

  async post<T>(url: string, body: unknown): Promise<T> {
    const headers = { "content-type": "application/json", "x-atoll-csrf": this.session?.csrf ?? "" };
    const answer = await this.ask(url, { method: "POST", headers, body: JSON.stringify(body) });
    return (await answer.json()) as T;
  }

  async start(): Promise<void> {
    try {
      this.session = await this.get<Session>("/api/session");
    } catch (error) {
      if (!(error instanceof Refused && error.status === 401)) setTimeout(() => void this.start(), 2000);
    }
  }

  private async ask(url: string, options: RequestInit): Promise<Response> {
    let answer: Response;
    try {
      answer = await fetch(url, { credentials: "same-origin", ...options });
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) this.isLost = true;
      throw error;
    }
    this.isLost = answer.status === 502 || answer.status === 503 || answer.status === 504;
    if (!this.isLost) this.heardAt = Date.now() / 1000;
    if (answer.ok) {
      this.isOut = false;
      return answer;
    }
    if (answer.status === 401) this.isOut = true;
    const said = (await answer.json().catch(() => ({}))) as { title?: string; detail?: string; code?: string };
    throw new Refused(answer.status, said.title ?? `HTTP ${answer.status}`, said.detail ?? "", said.code ?? "");
  }
}

export const client = new Client();

export function said(error: unknown): string {
  if (error instanceof Refused) return error.message;
  if (error instanceof TypeError) return "The console does not answer. Is the application running?";
  return error instanceof Error ? error.message : String(error);
}
