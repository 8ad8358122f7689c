/**
 * Trying an operation: fields for what it takes, the same call as a curl line, and the answer made readable.
 *
 * The key is kept in this tab (sessionStorage) and sent to this origin, nowhere else.
 */

import {copyButton, h, json, scrollable} from './dom.js';
import {sample, shape} from './schema.js';

/** @typedef {import('./document.js').Operation} Operation */
/** @typedef {import('./document.js').Parameter} Parameter */
/** @typedef {import('./document.js').Reference} Reference */
/** @typedef {{element: HTMLElement, parameter: Parameter, values: () => string[], set: (value: string) => void}} Field */
/** @typedef {{method: string, url: string, type: string | null, body: string | null}} Request */

const KEY = 'atoll.key';
const SHOWN_MAX = 200_000;
const LINES_MAX = 500;

/**
 * @param {Operation} operation
 * @param {Reference} reference
 * @returns {HTMLElement}
 */
export function tryOut(operation, reference) {
  const fields = operation.parameters.map((parameter) => field(parameter, reference));
  const body = operation.body && h('textarea', {
    spellcheck: 'false', autocomplete: 'off', 'aria-label': 'Body, as JSON',
    input: () => body.setCustomValidity(jsonFault(body.value)),
  });
  if (body) {
    body.value = JSON.stringify(sample(operation.body ?? {}, reference.schemas), null, 2);
    body.rows = Math.min(18, body.value.split('\n').length + 1);
  }
  const curl = h('code');
  const outcome = h('div.outcome');
  const send = h('button.send', {type: 'submit'}, 'Send');
  /** @type {AbortController | null} */ let running = null;

  const request = () => ({
    method: operation.method, url: url(operation, fields),
    type: body && 'application/json', body: body && body.value,
  });
  const refresh = () => curl.replaceChildren(curlLine(request(), operation, reference));

  const form = h('form', {
    input: refresh,
    submit: async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      if (running) { running.abort(); return; }
      running = new AbortController();
      send.textContent = 'Stop';
      outcome.replaceChildren(h('p.headline', {role: 'status'}, 'Waiting for the answer…'));
      await exchange(request(), reference, running.signal, outcome, (cursor) => {
        fields.find((one) => one.parameter.name === 'cursor')?.set(cursor);
        refresh();
        form.requestSubmit();
      });
      running = null;
      send.textContent = 'Send';
    },
  },
  keyField(),
  ...fields.map((one) => one.element),
  body && h('label.field', {}, h('span', {}, 'Body ', h('small', {}, 'JSON')), body),
  send);

  refresh();
  return h('section.try', {'aria-label': `Try ${operation.id}`},
    h('div.block', {}, h('div.block-head', {}, h('h4', {}, 'Call it with curl'), copyButton(() => curl)),
      scrollable('The call as a curl line', curl)),
    h('div.block', {}, h('div.block-head', {}, h('h4', {}, 'Try it here')), form, outcome));
}

/** The key, the same in every operation of the page. */
function keyField() {
  const input = h('input.key', {
    type: 'password', autocomplete: 'off', spellcheck: 'false', placeholder: 'printed at the first start',
    input: (/** @type {InputEvent} */ event) => {
      event.stopPropagation();
      sessionStorage.setItem(KEY, input.value);
      for (const other of document.querySelectorAll('input.key')) {
        if (other !== input) /** @type {HTMLInputElement} */ (other).value = input.value;
      }
    },
  });
  input.value = sessionStorage.getItem(KEY) ?? '';
  return h('label.field', {}, h('span', {}, 'Key ', h('small', {}, 'kept in this tab only')), input);
}

/** @param {Parameter} parameter @param {Reference} reference @returns {Field} */
function field(parameter, {schemas}) {
  const {schema} = shape(parameter.schema, schemas);
  const choices = schema.enum ?? (schema.type === 'boolean' ? [true, false] : null);
  const isList = schema.type === 'array';
  const common = {required: parameter.required, autocomplete: 'off', spellcheck: 'false'};
  const fallback = schema.default === undefined || schema.default === null ? '' : String(schema.default);
  const input = choices
    ? h('select', common, !parameter.required && h('option', {value: ''}, fallback ? `${fallback} (default)` : 'any'),
      ...choices.map((/** @type {unknown} */ one) => h('option', {}, String(one))))
    : isList ? h('textarea', {...common, rows: 2, placeholder: 'one a line'})
      : h('input', {...common, placeholder: fallback, inputmode: /integer|number/.test(schema.type) ? 'decimal' : 'text',
        ...(parameter.place === 'path' && {pattern: '(?!\\.{1,2}$).*', title: 'A browser cannot send "." or ".." in a path.'})});
  if (parameter.required) input.value = isList ? [sample(schema, schemas, parameter.name)].flat().join('\n') : String(sample(schema, schemas, parameter.name));
  return {
    parameter,
    element: h('label.field', {}, h('span', {}, parameter.name, ' ', h('small', {}, parameter.required ? parameter.place : `${parameter.place}, optional`)), input),
    values: () => (isList ? input.value.split('\n') : [input.value]).filter((/** @type {string} */ one) => one !== ''),
    set: (value) => { input.value = value; },
  };
}

/** @param {string} text @returns {string} what is wrong with it, or nothing */
function jsonFault(text) {
  try { JSON.parse(text); return ''; } catch (error) { return `This is not JSON yet: ${/** @type {Error} */ (error).message}`; }
}

/** @param {Operation} operation @param {Field[]} fields */
function url(operation, fields) {
  const path = operation.path.replace(/\{([^}]*)\}/g, (whole, name) => {
    const value = fields.find((one) => one.parameter.place === 'path' && one.parameter.name === name)?.values()[0];
    return value === undefined ? whole : encodeURIComponent(value);
  });
  const target = new URL(location.origin);
  target.pathname = path;
  for (const one of fields.filter(({parameter}) => parameter.place === 'query')) {
    for (const value of one.values()) target.searchParams.append(one.parameter.name, value);
  }
  return target.href;
}

/** @param {string} text @returns {string} one word of a shell, whatever is in it */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** @param {Request} request @param {Operation} operation @param {Reference} reference */
function curlLine({method, url: target, type, body}, operation, {credential}) {
  const verb = [operation.isStreamed && '-N', (method !== 'GET' || body) && `-X ${method}`].filter(Boolean).join(' ');
  return [
    `curl ${verb ? `${verb} ` : ''}${quoted(target)}`,
    `-H "${credential.header}: ${credential.prefix}$ATOLL_KEY"`,
    ...(body === null ? [] : [`-H 'Content-Type: ${type}'`, `-d ${quoted(body)}`]),
  ].join(' \\\n  ');
}

/**
 * Sends the request and shows what comes back, line by line when it is a stream.
 *
 * @param {Request} request
 * @param {Reference} reference
 * @param {AbortSignal} signal
 * @param {HTMLElement} outcome
 * @param {(cursor: string) => void} goOn asks for the next page
 */
async function exchange(request, reference, signal, outcome, goOn) {
  const {header, prefix} = reference.credential;
  const key = sessionStorage.getItem(KEY);
  const headline = h('p.headline', {role: 'status'});
  const body = h('code');
  const began = performance.now();
  const took = () => `${Math.round(performance.now() - began)} ms`;
  try {
    const response = await fetch(request.url, {
      method: request.method, body: request.body, signal, cache: 'no-store',
      headers: {...(request.type && {'Content-Type': request.type}), ...(key && {[header]: prefix + key})},
    });
    const status = h(response.ok ? 'span.status.good' : 'span.status.bad', {}, response.status);
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    const type = response.headers.get('content-type') ?? '';
    const shown = h('div', {}, scrollable('Body of the answer', body));
    headline.replaceChildren(status, ` ${response.statusText} `, h('span.took', {}, took()));
    outcome.replaceChildren(headline, shown, h('details.headers', {}, h('summary', {}, 'Headers'), scrollable('Headers of the answer', headers)));
    if (type.includes('ndjson')) {
      const lines = await stream(response, body, (count) => headline.replaceChildren(status, ` ${count} so far `, h('span.took', {}, took())));
      headline.replaceChildren(status, ` ${lines} lines, at its end `, h('span.took', {}, took()));
      return;
    }
    const text = await response.text();
    headline.replaceChildren(status, ` ${response.statusText} `, h('span.took', {}, took()));
    if (!text) { shown.replaceChildren(h('p', {}, 'No content.')); return; }
    body.replaceChildren(...json(text.slice(0, SHOWN_MAX)), text.length > SHOWN_MAX ? `\n… and ${text.length - SHOWN_MAX} more characters` : '');
    const value = parsed(text);
    if (!response.ok && value) shown.prepend(problemText(value, reference, response.status));
    const cursor = value?.next ?? value?.next_cursor ?? value?.cursor;
    if (response.ok && typeof cursor === 'string') {
      shown.append(h('button.quiet', {type: 'button', click: () => goOn(cursor)}, 'Next page'));
    }
  } catch (error) {
    const isStopped = signal.aborted;
    headline.textContent = isStopped ? `Stopped after ${took()}.`
      : `No answer from ${location.origin} (${/** @type {Error} */ (error).message}). Is the application still running?`;
    if (!outcome.contains(headline)) outcome.replaceChildren(headline);
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
async function stream(response, body, tell) {
  const reader = /** @type {ReadableStream<any>} */ (response.body).pipeThrough(new TextDecoderStream()).getReader();
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

/** @param {string} text @returns {any} its value when it is a JSON object */
function parsed(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === 'object' && !Array.isArray(value) ? value : null;
  } catch { return null; }
}

/** A problem (RFC 9457) in words. @param {any} problem @param {Reference} reference @param {number} status */
function problemText({title, code, detail, status: _, type, ...facts}, reference, status) {
  const known = reference.problems.get(code ?? String(type ?? '').split(/[/:#]/).pop() ?? '');
  const faults = Object.values(facts).filter(Array.isArray).flat().filter((one) => one && typeof one === 'object' && 'pointer' in one);
  const simple = Object.entries(facts).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value));
  return h('div.problem', {},
    h('p', {}, h('strong', {}, title ?? `Answered with ${status}`), detail && detail !== title ? ` ${detail}` : ''),
    faults.length > 0 && h('ul', {}, ...faults.map(({pointer, detail: why, message}) => h('li', {}, h('code', {}, pointer || '/'), ' ', why ?? message ?? ''))),
    simple.length > 0 && h('dl', {}, ...simple.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))),
    status === 401 && h('p', {}, 'Put your key in the field above.'),
    known && h('p', {}, h('a', {href: `#problem/${encodeURIComponent(known.code)}`}, known.code), known.retryable ? ': a retry can help.' : ''));
}
