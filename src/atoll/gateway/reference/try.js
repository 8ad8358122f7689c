/**
 * Trying an operation: fields for what it takes, and the same call as a curl line.
 */

import {exchange} from './answer.js';
import {copyButton, h, scrollable} from './dom.js';
import {key, keepKey} from './key.js';
import {sample, shape} from './schema.js';

/** @typedef {import('./document.js').Operation} Operation */
/** @typedef {import('./document.js').Parameter} Parameter */
/** @typedef {import('./document.js').Reference} Reference */
/** @typedef {import('./answer.js').Request} Request */
/**
 * @typedef {object} Field where one parameter is written
 * @property {HTMLElement} element
 * @property {Parameter} parameter
 * @property {() => string[]} values what is to be sent: none when it is left empty
 * @property {(value: string) => void} set
 */

/**
 * @param {Operation} operation
 * @param {Reference} reference
 * @returns {HTMLElement}
 */
export function tryOut(operation, reference) {
  const fields = operation.parameters.map((parameter) => field(parameter, reference));
  const body = operation.body && bodyEditor(operation.body, reference);
  const curl = h('code');
  const send = h('button.send', {type: 'submit'}, 'Send');
  const headline = h('p.headline', {role: 'status'});
  const result = h('div.result');
  /** @type {AbortController | null} */ let running = null;

  /** @returns {Request} */
  const request = () => ({method: operation.method, url: url(operation, fields), body: body && body.value});
  const refresh = () => curl.replaceChildren(curlLine(request(), operation, reference));

  const form = h('form', {
    input: refresh,
    submit: async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      if (running) { running.abort(); return; }
      running = new AbortController();
      send.textContent = 'Stop';
      const cursor = await exchange(request(), reference, running.signal, headline, result);
      running = null;
      send.textContent = 'Send';
      const next = cursor && fields.find(({parameter}) => parameter.name === 'cursor');
      if (next) {
        result.append(h('button.quiet', {type: 'button', click: () => {
          next.set(cursor);
          refresh();
          form.requestSubmit();
        }}, 'Next page'));
      }
    },
  }, keyField(), ...fields.map(({element}) => element), body && labelled('Body', 'JSON', body), send);

  refresh();
  return h('section.try', {'aria-label': `Try ${operation.id}`},
    block('Call it with curl', copyButton(() => curl), scrollable('The call as a curl line', curl)),
    block('Try it here', null, form, headline, result));
}

/** @param {string} title @param {HTMLElement | null} beside @param {...HTMLElement} children */
function block(title, beside, ...children) {
  return h('div.block', {}, h('div.block-head', {}, h('h4', {}, title), beside), ...children);
}

/** @param {string} name @param {string} hint @param {HTMLElement} input */
function labelled(name, hint, input) {
  return h('label.field', {}, h('span', {}, name, ' ', h('small', {}, hint)), input);
}

/** The key: one for the whole page, shown in every operation. */
function keyField() {
  const input = h('input.key', {
    type: 'password', autocomplete: 'off', spellcheck: 'false', placeholder: 'see .atoll/gateway/development.key',
    input: () => {
      keepKey(input.value);
      for (const other of document.querySelectorAll('input.key')) {
        if (other !== input) /** @type {HTMLInputElement} */ (other).value = input.value;
      }
    },
  });
  input.value = key();
  return labelled('Key', 'kept in this tab only', input);
}

/** @param {import('./document.js').Json} schema @param {Reference} reference @returns {HTMLTextAreaElement} */
function bodyEditor(schema, {schemas}) {
  const editor = h('textarea', {
    spellcheck: 'false', autocomplete: 'off', input: () => editor.setCustomValidity(fault(editor.value)),
  });
  editor.value = JSON.stringify(sample(schema, schemas), null, 2);
  editor.rows = Math.min(18, editor.value.split('\n').length + 1);
  return editor;
}

/** @param {string} text @returns {string} why it is not JSON, or nothing */
function fault(text) {
  try {
    JSON.parse(text);
    return '';
  } catch (error) {
    return `This is not JSON yet: ${/** @type {Error} */ (error).message}`;
  }
}

/** @param {Parameter} parameter @param {Reference} reference @returns {Field} */
function field(parameter, {schemas}) {
  const {name, place, required} = parameter;
  const {schema} = shape(parameter.schema, schemas);
  const isList = schema.type === 'array';
  const input = entry(parameter, schema);
  if (required) input.value = [sample(schema, schemas, name)].flat().join('\n');
  return {
    parameter,
    element: labelled(name, required ? place : `${place}, optional`, input),
    values: () => (isList ? input.value.split('\n') : [input.value]).filter((/** @type {string} */ one) => one !== ''),
    set: (value) => { input.value = value; },
  };
}

/** @param {Parameter} parameter @param {import('./document.js').Json} schema with its references followed */
function entry({place, required}, schema) {
  const common = {required, autocomplete: 'off', spellcheck: 'false'};
  const fallback = schema.default === undefined || schema.default === null ? '' : String(schema.default);
  const choices = schema.enum ?? (schema.type === 'boolean' ? [true, false] : null);
  if (choices) {
    return h('select', common,
      !required && h('option', {value: ''}, fallback ? `${fallback}, unless sent` : 'not sent'),
      ...choices.map((/** @type {unknown} */ one) => h('option', {}, String(one))));
  }
  if (schema.type === 'array') return h('textarea', {...common, rows: 2, placeholder: 'one a line'});
  const isNumber = schema.type === 'integer' || schema.type === 'number';
  const dots = place === 'path' && {pattern: '(?!\\.{1,2}$).*', title: 'A browser cannot send "." or ".." in a path.'};
  return h('input', {...common, ...dots, placeholder: fallback, inputmode: isNumber ? 'decimal' : 'text'});
}

/**
 * The address to call: of this origin, whatever the document says.
 *
 * @param {Operation} operation
 * @param {Field[]} fields
 */
function url(operation, fields) {
  const target = new URL(location.origin);
  target.pathname = operation.path.replace(/\{([^}]*)\}/g, (whole, name) => {
    const value = fields.find(({parameter}) => parameter.place === 'path' && parameter.name === name)?.values()[0];
    return value === undefined ? whole : encodeURIComponent(value);
  });
  for (const {parameter, values} of fields) {
    if (parameter.place === 'query') for (const value of values()) target.searchParams.append(parameter.name, value);
  }
  return target.href;
}

/** @param {Request} request @param {Operation} operation @param {Reference} reference */
function curlLine({method, url: target, body}, {isStreamed}, {credential}) {
  const options = `${isStreamed ? '-N ' : ''}${method === 'GET' ? '' : `-X ${method} `}`;
  return [
    `curl ${options}${quoted(target)}`,
    `-H "${credential.header}: ${credential.prefix}$ATOLL_KEY"`,
    ...(body === null ? [] : ["-H 'Content-Type: application/json'", `-d ${quoted(body)}`]),
  ].join(' \\\n  ');
}

/** One word of a shell, whatever is in it. @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
