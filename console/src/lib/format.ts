// Figures and times as people read them. One place, so that the same figure looks the same on every page.

export function rate(perSecond: number): string {
  if (!perSecond) return "0";
  if (perSecond >= 100) return Math.round(perSecond).toLocaleString("en");
  if (perSecond >= 10) return perSecond.toFixed(0);
  return perSecond >= 0.95 ? perSecond.toFixed(1) : perSecond < 0.05 ? "<0.1" : perSecond.toFixed(1);
}

export function ms(duration: number | null | undefined): string {
  if (duration === null || duration === undefined) return "–";
  if (duration < 1) return duration < 0.05 ? "0 ms" : `${duration.toFixed(1)} ms`;
  if (duration < 10) return `${duration.toFixed(1)} ms`;
  if (duration < 1000) return `${Math.round(duration)} ms`;
  return span(duration / 1000);
}

// A latency of exactly nothing means that nothing was measured.
export function latency(duration: number | null | undefined): string {
  return duration ? ms(duration) : "–";
}

export function span(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.round((seconds % 86400) / 3600)} h`;
}

export function count(number: number): string {
  return number.toLocaleString("en");
}

export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

export function bytes(size: number | null): string {
  if (size === null) return "–";
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  while (size >= 1024 && unit < 3) {
    size /= 1024;
    unit += 1;
  }
  return `${unit && size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

const two = (number: number): string => String(number).padStart(2, "0");

export function clock(at: number): string {
  const time = new Date(at * 1000);
  const millis = String(time.getMilliseconds()).padStart(3, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${millis}`;
}

export function day(at: number): string {
  const time = new Date(at * 1000);
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

export function moment(at: number): string {
  const today = new Date();
  const shown = clock(at).slice(0, 8);
  const [now, then] = [day(today.getTime() / 1000), day(at)];
  if (then === now) return shown;
  return `${then.slice(0, 4) === now.slice(0, 4) ? then.slice(5) : then} ${shown}`;
}

export function ago(at: number): string {
  const past = Date.now() / 1000 - at;
  return past < 5 ? "just now" : `${span(past)} ago`;
}

export function failed(outcome: string): boolean {
  return outcome !== "" && outcome !== "ok";
}

// Problems that a caller has made, in contrast to those that somebody must look at.
const OWN = /(timeout|timed_out|deadline|unavailable|internal|overload|crash|lost|error|failed|down|open)/;

export function severe(outcome: string): boolean {
  return failed(outcome) && OWN.test(outcome);
}

export function short(id: string): string {
  return id.length > 12 ? id.slice(0, 8) : id;
}
