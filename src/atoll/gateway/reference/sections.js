/**
 * What the main column is made of: an introduction, a section a service, and one for the problems.
 *
 * A section stands from the start, its rows are drawn when they are asked for, and the content of a row when it is
 * opened: 3,000 operations cost little more than 12.
 */

import {source} from './document.js';
import {copyButton, disclosure, h, phrase, prose, scrollable} from './dom.js';
import {address, operationContent, pathText} from './operation.js';
import {tree} from './schema.js';

/** @typedef {import('./document.js').Reference} Reference */
/**
 * @typedef {object} Entry one row: an operation, an event or a problem
 * @property {string} id its address
 * @property {string} badge
 * @property {string} name
 * @property {string} summary
 * @property {boolean} isDeprecated
 * @property {boolean} isHidden by the filter
 * @property {string} text what the filter looks through
 * @property {() => HTMLDetailsElement} draw
 * @property {HTMLDetailsElement} [row] once it is drawn
 */
/**
 * @typedef {object} Section a service, or the problems
 * @property {string} id its address
 * @property {string} title
 * @property {Entry[]} entries
 * @property {HTMLElement} element
 * @property {() => void} fill draws the rows that are not there yet
 * @property {(isMatch: (text: string) => boolean) => number} sift hides what does not match; how many are left
 */

const LINKS_MAX = 20;
const EXAMPLE = '@get("/scores/{lead_id}", public=True)\nasync def latest(self, lead_id: str) -> Score: ...';

/** @param {Reference} reference @returns {Section[]} */
export function sectionsOf(reference) {
  const services = reference.services.map((service) => serviceSection(service, reference));
  return reference.problems.size ? [...services, problemSection(reference)] : services;
}

/** @param {Reference} reference @returns {HTMLElement} */
export function introduction(reference) {
  const {title, version, description, credential, services} = reference;
  const operations = services.flatMap((service) => service.operations).length;
  const events = services.flatMap((service) => service.events).length;
  const origin = h('code', {}, location.origin);
  return h('header.introduction', {},
    h('p.kicker', {}, 'API reference', version && ` · ${version}`),
    h('h1', {}, title),
    prose(description),
    h('dl.start', {},
      h('div', {}, h('dt', {}, 'Address'), h('dd', {}, origin, ' ', copyButton(() => origin))),
      h('div', {}, h('dt', {}, 'Key'), h('dd', {},
        h('code', {}, `${credential.header}: ${credential.prefix}$ATOLL_KEY`),
        h('p', {}, ...phrase('The first start made one for development, in `.atoll/gateway/development.key`.')))),
      h('div', {}, h('dt', {}, 'Inside'), h('dd', {},
        [count(services.length, 'service'), count(operations, 'operation'), count(events, 'event')].join(', '),
        h('p', {}, h('a', {href: source()}, 'The same as OpenAPI 3.1'))))),
    operations === 0 && emptiness());
}

/** @param {number} number @param {string} noun */
function count(number, noun) {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

/** What to do when there is nothing to call. */
function emptiness() {
  return h('div.note', {},
    h('p', {}, h('strong', {}, 'No operation is public yet.'),
      ' Mark one in its contract, and start the application again:'),
    scrollable('Example', EXAMPLE));
}

/** @param {import('./document.js').Service} service @param {Reference} reference @returns {Section} */
function serviceSection(service, reference) {
  const operations = service.operations.map((one) => operationEntry(one, service, reference));
  const events = service.events.map((one) => eventEntry(one, service, reference));
  return section(service.name, service.name, [
    h('p.meta', {},
      service.version && h('span', {}, `version ${service.version}`),
      service.owner && h('span', {}, 'owned by ', h('strong', {}, service.owner))),
    prose(service.description),
  ], [['Operations', operations], ['Events', events]]);
}

/** @param {Reference} reference @returns {Section} */
function problemSection(reference) {
  const entries = [...reference.problems.values()].map((one) => problemEntry(one, reference));
  const about = prose('What goes wrong is answered as a problem (RFC 9457, `application/problem+json`). '
    + 'Its `code` is stable: build on it, not on the words.');
  return section('problem/', 'Problems', [about], [['', entries]]);
}

/**
 * @param {string} id
 * @param {string} title
 * @param {(HTMLElement | null)[]} about
 * @param {[string, Entry[]][]} kinds entries under a heading each
 * @returns {Section}
 */
function section(id, title, about, kinds) {
  const lists = kinds.filter(([, entries]) => entries.length).map(([name, entries]) => list(name, entries));
  const element = h('section.section', {id: `at/${id}`},
    h('header', {}, h('h2', {tabindex: -1}, h('a', {href: address(id)}, title)), ...about),
    ...lists.map((one) => one.element));
  const sift = (/** @type {(text: string) => boolean} */ isMatch) => {
    const shown = lists.reduce((sum, one) => sum + one.sift(isMatch), 0);
    element.style.setProperty('--rows', String(shown)); // the style sheet keeps room for so many
    return shown;
  };
  const fill = () => lists.forEach((one) => one.fill());
  return {id, title, element, entries: kinds.flatMap(([, entries]) => entries), fill, sift};
}

/** @param {string} name @param {Entry[]} entries */
function list(name, entries) {
  const rows = h('div.rows');
  const element = h('div', {}, name && h('h3', {}, name), rows);
  return {
    element,
    fill() {
      if (!rows.firstChild) rows.append(...entries.map(drawn));
    },
    sift(/** @type {(text: string) => boolean} */ isMatch) {
      for (const entry of entries) {
        entry.isHidden = !isMatch(entry.text);
        if (entry.row) entry.row.hidden = entry.isHidden;
      }
      const shown = entries.filter((entry) => !entry.isHidden).length;
      element.hidden = shown === 0;
      rows.style.setProperty('--rows', String(shown));
      return shown;
    },
  };
}

/** @param {Entry} entry */
function drawn(entry) {
  entry.row = entry.draw();
  entry.row.id = `at/${entry.id}`;
  entry.row.hidden = entry.isHidden;
  return entry.row;
}

/** A badge; its colour is one of a few that the style sheet knows. @param {string} name */
export function badge(name) {
  const element = h('span.badge', {}, name);
  element.dataset.kind = name;
  return element;
}

/**
 * @param {import('./document.js').Operation} operation
 * @param {import('./document.js').Service} service
 * @param {Reference} reference
 * @returns {Entry}
 */
function operationEntry(operation, service, reference) {
  const prefix = /^\/[^/]+\/v\d+(?=\/)/.exec(operation.path)?.[0].length ?? 0;
  const isDeprecated = operation.deprecation !== null;
  return {
    id: operation.id, badge: operation.method, name: operation.path.slice(prefix), summary: operation.summary,
    isDeprecated, isHidden: false,
    text: [operation.id, operation.method, operation.path, operation.summary, service.owner].join(' ').toLowerCase(),
    draw: () => disclosure('entry', [
      badge(operation.method), pathText(operation.path, prefix),
      h('span.summary', {}, ...phrase(operation.summary)),
      isDeprecated && h('span.tag.old', {}, 'deprecated'),
      operation.isStreamed && h('span.tag', {}, 'stream'),
      operation.isPaged && h('span.tag', {}, 'pages'),
    ], () => operationContent(operation, reference)),
  };
}

/**
 * @param {import('./document.js').Event} event
 * @param {import('./document.js').Service} service
 * @param {Reference} reference
 * @returns {Entry}
 */
function eventEntry({type, key, description, schema}, service, reference) {
  const [summary, ...more] = description.split(/\n\s*\n/);
  const name = type.startsWith(`${service.name}.`) ? type.slice(service.name.length + 1) : type;
  return {
    id: type, badge: 'EVENT', name, summary, isDeprecated: false, isHidden: false,
    text: ['event', type, summary, service.owner].join(' ').toLowerCase(),
    draw: () => disclosure('entry', [
      badge('EVENT'), h('code.path', {}, type), h('span.summary', {}, ...phrase(summary)),
    ], () => [
      prose(more.join('\n\n')),
      key && h('p', {}, 'Events of one ', h('code', {}, key), ' keep their order.'),
      tree(schema, reference.schemas),
    ]),
  };
}

/** @param {import('./document.js').Problem} problem @param {Reference} reference @returns {Entry} */
function problemEntry({code, status, title, retryable, schema, operations}, reference) {
  const isOfAll = [0, reference.services.flatMap((service) => service.operations).length].includes(operations.length);
  const links = operations.slice(0, LINKS_MAX).flatMap((id, place) => [
    place > 0 && ', ', h('a', {href: address(id)}, id)]);
  const more = operations.length - LINKS_MAX;
  return {
    id: `problem/${code}`, badge: String(status), name: code, summary: title, isDeprecated: false, isHidden: false,
    text: ['problem', status, code, title].join(' ').toLowerCase(),
    draw: () => disclosure('entry', [
      badge(String(status)), h('code.path', {}, code), h('span.summary', {}, ...phrase(title)),
      retryable && h('span.tag', {}, 'a retry can help'),
    ], () => [
      h('p', {}, retryable ? 'The same request can succeed later.' : 'Sending the same request again does not help.'),
      isOfAll ? h('p', {}, 'Any operation can answer with it.')
        : h('p', {}, 'An answer of ', ...links, more > 0 && ` and ${more} more`, '.'),
      tree(schema, reference.schemas),
    ]),
  };
}
