/**
 * One operation, laid open: what it takes, what it answers, which problems it can answer with, and a place to try it.
 */

import {h, phrase, prose} from './dom.js';
import {choices, traits, tree, typeName} from './schema.js';
import {tryOut} from './try.js';

/** @typedef {import('./document.js').Operation} Operation */
/** @typedef {import('./document.js').Reference} Reference */

/** The address of something on this page. @param {string} id */
export function address(id) {
  return `#${encodeURIComponent(id).replaceAll('%2F', '/')}`;
}

/**
 * A path with its arguments set apart.
 *
 * @param {string} path
 * @param {number} [quiet] so many characters at the start say nothing new
 */
export function pathText(path, quiet = 0) {
  const rest = path.slice(quiet).split(/(\{[^}]*\})/);
  return h('code.path', {}, quiet > 0 && h('span.prefix', {}, path.slice(0, quiet)), ...rest.map(
    (part, index) => (index % 2 ? h('span.argument', {}, part) : part)));
}

/**
 * @param {Operation} operation
 * @param {Reference} reference
 * @returns {HTMLElement[]}
 */
export function operationContent(operation, reference) {
  return [h('div.columns', {},
    h('div.told', {},
      h('p', {}, h('code', {}, operation.id)),
      operation.deprecation && deprecationNote(operation.deprecation, reference),
      prose(operation.description),
      parameterTable(operation, reference),
      operation.body && part(
        'Body', [typeLine(operation.body, reference)], tree(operation.body, reference.schemas)),
      ...answers(operation, reference),
      problemTable(operation, reference)),
    h('div.tried', {}, tryOut(operation, reference)))];
}

/** @param {string} title @param {(Node | string)[]} beside @param {...(Node | null | false)} children */
function part(title, beside, ...children) {
  return h('section.part', {}, h('h4', {}, title, h('span.beside', {}, ...beside)), ...children);
}

/** @param {import('./document.js').Json} schema @param {Reference} reference */
function typeLine(schema, reference) {
  return h('span.type', {}, typeName(schema, reference.schemas));
}

/** @param {import('./document.js').Deprecation} deprecation @param {Reference} reference */
function deprecationNote({since, sunset, instead}, reference) {
  const isHere = reference.services.some((service) => service.operations.some((one) => one.id === instead));
  return h('p.note', {},
    h('strong', {}, 'Deprecated'), since && ` since ${since}`, sunset && `, answers until ${sunset}`, '.',
    instead && [' Use ', isHere ? h('a', {href: address(instead)}, instead) : h('code', {}, instead), ' instead.']);
}

/** @param {Operation} operation @param {Reference} reference */
function parameterTable({parameters}, {schemas}) {
  if (!parameters.length) return null;
  const rows = parameters.map(({name, place, required, description, schema}) => h('tr', {},
    h('th', {scope: 'row'}, h('span.name', {}, name)),
    h('td', {}, place),
    h('td', {},
      h('div.line', {}, ...traits(schema, schemas, required)),
      description && h('p', {}, ...phrase(description)),
      choices(schema, schemas))));
  return part('Parameters', [], table(['Name', 'In', 'What'], rows));
}

/** @param {string[]} heads @param {HTMLElement[]} rows */
function table(heads, rows) {
  return h('table', {},
    h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', {scope: 'col'}, head)))),
    h('tbody', {}, ...rows));
}

/** @param {Operation} operation @param {Reference} reference */
function answers(operation, reference) {
  return operation.answers.map(({status, description, schema, isStreamed}) => part(
    'Answer',
    [h('span.status.good', {}, status), schema ? typeLine(schema, reference) : 'no content'],
    isStreamed && h('p', {}, 'A stream: one value a line (newline-delimited JSON).'),
    operation.isPaged && h('p', {}, ...phrase('One page: send its `next` as `cursor` for the one after it.')),
    !schema && description && h('p', {}, description),
    schema && tree(schema, reference.schemas)));
}

/** @param {Operation} operation @param {Reference} reference */
function problemTable(operation, reference) {
  const rows = operation.problems.map((code) => {
    const known = reference.problems.get(code);
    return h('tr', {},
      h('th', {scope: 'row'}, known ? h('a.name', {href: address(`problem/${code}`)}, code) : h('span.name', {}, code)),
      h('td', {}, known && h('span.status.bad', {}, known.status)),
      h('td', {}, known && known.title, known?.retryable && h('span.tag', {}, 'a retry can help')));
  });
  if (!rows.length && !operation.otherwise) return null;
  return part('Problems', [],
    rows.length > 0 && table(['Code', 'Status', 'What happened'], rows),
    operation.otherwise && h('p', {}, rows.length ? 'And those of the ' : 'Only those of the ',
      h('a', {href: '#problem/'}, 'platform'), '.'));
}
