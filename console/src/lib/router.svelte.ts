// Where the reader is. Every page and every filter has an address.

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // an address that somebody typed
  }
}

class Place {
  path = $state(location.pathname);
  query = $state(new URLSearchParams(location.search));
  parts = $derived(this.path.split("/").filter(Boolean).map(decoded));

  go(href: string): void {
    history.pushState(null, "", href);
    this.read();
    document.querySelector("main")?.scrollTo(0, 0);
  }

  // Changes words of the query in place; an empty word goes.
  set(words: Record<string, string | null>): void {
    const query = new URLSearchParams(location.search);
    for (const [name, word] of Object.entries(words)) {
      if (word) query.set(name, word);
      else query.delete(name);
    }
    const text = query.toString();
    history.replaceState(null, "", location.pathname + (text ? `?${text}` : ""));
    this.read();
  }

  get(name: string): string {
    return this.query.get(name) ?? "";
  }

  read(): void {
    this.path = location.pathname;
    this.query = new URLSearchParams(location.search);
  }
}

export const place = new Place();

export const to = {
  service: (name: string) => `/services/${encodeURIComponent(name)}`,
  trace: (id: string) => `/traces/${encodeURIComponent(id)}`,
  story: (key: string) => `/story/${encodeURIComponent(key)}`,
  with: (path: string, words: Record<string, string | number | null | undefined>) => {
    const query = new URLSearchParams();
    for (const [name, word] of Object.entries(words)) {
      if (word !== null && word !== undefined && word !== "") query.set(name, String(word));
    }
    const text = query.toString();
    return text ? `${path}?${text}` : path;
  },
};

// Links within the pages change the place without loading them again.
export function followLinks(): void {
  addEventListener("popstate", () => place.read());
  document.addEventListener("click", (event) => {
    const asked = event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (asked || event.defaultPrevented || !(link instanceof HTMLAnchorElement)) return;
    const href = link.getAttribute("href");
    if (!href?.startsWith("/") || href.startsWith("/api/") || link.target || link.hasAttribute("download")) return;
    event.preventDefault();
    place.go(href);
  });
}
