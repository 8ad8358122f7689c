/**
 * The call itself, and its answer made readable: status, time, headers and body, a stream line by line, a problem
 * in words.
 */

import {h, json, phrase, scrollable} from './dom.js';
import {key} from './key.js';

/** @typedef {import('./document.js').Reference} Reference */
/** @typedef {{method: string, url: string, body: string | null}} Request a body is JSON, sent as it is written */

const SHOWN_MAX = 200_000;
const LINES_MAX = 500;

/**
 * Sends the request and shows what comes back.
 *
 * @param {Request} request
 * @param {Reference} reference
 * @param {AbortSignal} signal stops it
 * @param {HTMLElement} headline where the outcome is said in a line
 * @param {HTMLElement} result where it is shown
 * @returns {Promise<string | null>} the cursor of the next page, when there is one
 */
export async function exchange(request, reference, signal, headline, result) {
  const began = performance.now();
  const took = () => `${Math.round(performance.now() - began)} ms`;
  headline.textContent = 'Waiting for the answer…';
  result.replaceChildren();
  try {
    const response = await fetch(request.url, {
      method: request.method, body: request.body, headers: headersOf(request, reference), cache: 'no-store', signal,
    });
    const tell = (/** @type {string} */ what) => headline.replaceChildren(
      statusOf(response.status), ` ${what} `, h('span.took', {}, took()));
    const body = h('code');
    const shown = h('div', {}, scrollable('Body of the answer', body));
    tell(response.statusText);
    result.replaceChildren(shown, received(response.headers));
    if (response.headers.get('content-type')?.includes('ndjson')) {
      const count = await showLines(response, body, (sofar) => tell(`Lines: ${sofar} so far`));
      tell(`Lines: ${count}, complete`);
      return null;
    }
    const text = await response.text();
    tell(response.statusText);
    return showText(text, response, reference, shown, body);
  } catch (error) {
    headline.textContent = signal.aborted
      ? `Stopped after ${took()}.`
      : `No answer from ${location.origin}: ${/** @type {Error} */ (error).message}. Is the application still running?`;
    return null;
  }
}

/** @param {Request} request @param {Reference} reference @returns {Record<string, string>} */
function headersOf({body}, {credential: {header, prefix}}) {
  return {...(body !== null && {'Content-Type': 'application/json'}), ...(key() && {[header]: prefix + key()})};
}

/** @param {number} status */
function statusOf(status) {
  return h(status < 400 ? 'span.status.good' : 'span.status.bad', {}, status);
}

/** @param {Headers} headers */
function received(headers) {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
  return h('details.headers', {}, h('summary', {}, 'Headers'), scrollable('Headers of the answer', lines.join('\n')));
}

/**
 * @param {string} text
 * @param {Response} response
 * @param {Reference} reference
 * @param {HTMLElement} shown
 * @param {HTMLElement} body
 * @returns {string | null} the cursor of the next page
 */
function showText(text, response, reference, shown, body) {
  if (!text) {
    shown.replaceChildren(h('p', {}, 'No content.'));
    return null;
  }
  const more = text.length - SHOWN_MAX;
  body.append(...json(text.slice(0, SHOWN_MAX)), more > 0 ? `\n… and ${more} more characters` : '');
  const value = objectIn(text);
  if (value && !response.ok) shown.prepend(problemInWords(value, reference, response.status));
  return response.ok && typeof value?.next === 'string' ? value.next : null;
}

/** @param {string} text @returns {any} the JSON object that it is, if it is one */
function objectIn(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === 'object' && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * Shows the lines of a stream as they come.
 *
 * @param {Response} response
 * @param {HTMLElement} body
 * @param {(count: number) => void} tell
 * @returns {Promise<number>} how many there were
 */
async function showLines(response, body, tell) {
  const bytes = /** @type {ReadableStream<any>} */ (response.body);
  const reader = bytes.pipeThrough(new TextDecoderStream()).getReader();
  let [count, rest] = [0, ''];
  for (;;) {
    const {done, value} = await reader.read();
    const lines = (rest + (done ? '\n' : value)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.filter(Boolean)) {
      count += 1;
      if (count <= LINES_MAX) body.append(`${line}\n`);
      if (count === LINES_MAX + 1) body.append('… more lines come; they are counted, not shown');
    }
    if (done) return count;
    tell(count);
  }
}

/**
 * A problem (RFC 9457) in words: its title and detail, each fault with its pointer, the facts that it carries.
 *
 * @param {any} problem
 * @param {Reference} reference
 * @param {number} status
 */
function problemInWords({type, title, detail, code, status: _, retryable, ...facts}, reference, status) {
  const known = reference.problems.get(code ?? String(type ?? '').split(/[/:#]/).pop() ?? '');
  const faults = Object.values(facts).filter(Array.isArray).flat().filter((one) => one?.pointer !== undefined);
  const simple = Object.entries(facts).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value));
  const why = faults.length || !detail ? [] : [' ', ...phrase(String(detail))]; // the faults say more
  return h('div.problem', {},
    h('p', {}, h('strong', {}, title ?? `Answered with ${status}`), ...why),
    faults.length > 0 && h('ul', {}, ...faults.map((one) => h('li', {},
      one.place, ' ', h('code', {}, one.pointer || '/'), ' ', ...phrase(String(one.detail ?? ''))))),
    simple.length > 0 && h('dl', {}, ...simple.map(([name, value]) => h('div', {},
      h('dt', {}, name), h('dd', {}, String(value))))),
    status === 401 && h('p', {}, 'Put your key into the field above, and send again.'),
    known && h('p', {}, 'See ', h('a', {href: `#problem/${encodeURIComponent(known.code)}`}, known.code),
      (retryable ?? known.retryable) ? '. A retry can help.' : '.'));
}
