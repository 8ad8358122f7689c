/**
 * The API reference of the whole application: reads the document, draws it, and follows the reader, who comes by an
 * address (`#scoring.latest`, `#problem/score_not_found`), by the index or by the filter.
 */

import {read, source} from './document.js';
import {copyButton, h, phrase, scrollable, unfold} from './dom.js';
import {address} from './operation.js';
import {badge, introduction, sectionsOf} from './sections.js';

/** @typedef {import('./sections.js').Section} Section */
/** @typedef {import('./sections.js').Entry} Entry */

const WHOLE_MAX = 60; // an application of so many entries is drawn at once; of a larger one, what the reader is at
const FOUND_MAX = 200; // so many finds stand in the index

const [content, index, filter, found, menu, brand] = ['content', 'index', 'filter', 'found', 'menu', 'name']
  .map((name) => /** @type {any} */ (document.getElementById(`page/${name}`)));

/** @type {Section[]} */ let sections = [];
/** @type {Map<string, {section: Section, entry?: Entry}>} what can be addressed */ const places = new Map();
let current = '';

/** Reads the document and draws the page. */
async function start() {
  try {
    const reference = read(await load());
    document.title = `${reference.title}: API reference`;
    brand.textContent = reference.title;
    sections = sectionsOf(reference);
    for (const section of sections) {
      places.set(section.id, {section});
      for (const entry of section.entries) places.set(entry.id, {section, entry});
    }
    content.replaceChildren(introduction(reference), ...sections.map(({element}) => element));
    watch();
    sift();
    follow();
  } catch (error) {
    content.replaceChildren(failure(/** @type {Error} */ (error)));
    for (const idle of [filter.closest('label'), menu]) idle.hidden = true;
  }
}

/** @returns {Promise<any>} the document */
async function load() {
  const response = await fetch(source()).catch((error) => {
    throw new Absent(`The gateway does not answer: ${error.message}.`);
  });
  if (!response.ok) throw new Absent(`The gateway answered ${response.status} for ${source()}.`);
  return response.json();
}

/** There is no document, as opposed to one that cannot be read. */
class Absent extends Error {}

/** What happened, and the command that helps. @param {Error} error @returns {HTMLElement} */
function failure(error) {
  const isAbsent = error instanceof Absent;
  const command = h('code', {}, isAbsent ? 'atoll run' : 'atoll contract export');
  return h('section.failure', {role: 'alert'},
    h('h1', {}, isAbsent ? 'There is no document to show' : 'The document cannot be read'),
    h('p', {}, ...phrase(isAbsent
      ? 'This page shows `openapi.json`, which the gateway of a running application serves. '
        + 'Start the application in its folder, and open the page at the address that it prints:'
      : 'What the gateway serves as `openapi.json` is no OpenAPI 3.1 document that this page understands. '
        + 'See what your contracts say:')),
    h('div.block', {},
      h('div.block-head', {}, h('span', {}, 'In a terminal'), copyButton(() => command)),
      scrollable('Command', command)),
    h('p.faint', {}, error.message),
    h('button.send', {type: 'button', click: () => location.reload()}, 'Try again'));
}

/** Draws the rows of a section before the reader comes to it, and listens to what the reader does. */
function watch() {
  const owners = new Map(sections.map((section) => [/** @type {Element} */ (section.element), section]));
  const near = new IntersectionObserver((seen) => {
    for (const {isIntersecting, target} of seen) if (isIntersecting) owners.get(target)?.fill();
  }, {rootMargin: '600px 0px'});
  for (const [element, section] of owners) {
    if (places.size <= WHOLE_MAX) section.fill();
    else near.observe(element);
  }

  addEventListener('hashchange', follow);
  filter.addEventListener('input', sift);
  menu.addEventListener('click', () => openMenu(menu.getAttribute('aria-expanded') !== 'true'));
  document.addEventListener('click', (event) => {
    const {target} = event;
    const link = target instanceof Element && target.closest('a');
    if (link && link.hash && link.hash === location.hash) follow(); // no hashchange: the reader wants to see it again
    const row = target instanceof Element && target.closest('details.entry > summary')?.parentElement;
    if (row instanceof HTMLDetailsElement && !row.open) visit(row.id.slice('at/'.length));
  });
  document.addEventListener('keydown', (event) => {
    const isWriting = event.target instanceof Element && event.target.matches('input, textarea, select');
    if (event.key === '/' && !isWriting && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      filter.select();
    } else if (event.target === filter && event.key === 'Escape') search('');
    else if (event.target === filter && event.key === 'Enter') goToFirst();
  });
}

/** Shows what the address names. */
function follow() {
  const id = addressed();
  openMenu(false);
  if (id.startsWith('page/') || !id) {
    if (id === 'page/top') scrollTo(0, 0);
    return;
  }
  const place = places.get(id);
  if (!place) {
    found.textContent = `Nothing here is called “${id}”.`;
    return;
  }
  const {section, entry} = place;
  if (entry ? entry.isHidden : section.element.hidden) search('');
  section.fill();
  if (entry?.row) unfold(entry.row);
  const target = entry?.row ?? section.element;
  target.scrollIntoView();
  /** @type {HTMLElement | null} */ (target.querySelector('summary, h2'))?.focus({preventScroll: true});
  mark(id);
}

/** @returns {string} the id in the address */
function addressed() {
  try { return decodeURIComponent(location.hash.slice(1)); } catch { return location.hash.slice(1); }
}

/** Notes in the address what the reader opened. @param {string} id */
function visit(id) {
  history.replaceState(null, '', address(id));
  mark(id);
}

/** @param {string} id what the index shows as current */
function mark(id) {
  current = id;
  drawIndex();
  index.querySelector('[aria-current]')?.scrollIntoView({block: 'nearest'});
}

/** @param {string} query */
function search(query) {
  filter.value = query;
  sift();
}

/** Shows what matches every word of the filter. */
function sift() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const section of sections) {
    const here = section.sift((text) => words.every((/** @type {string} */ word) => text.includes(word)));
    section.element.hidden = words.length > 0 && here === 0;
    shown += here;
  }
  content.firstElementChild.hidden = words.length > 0; // what was found comes first
  const advice = shown ? '' : ': try fewer or shorter words';
  found.textContent = words.length ? `${shown.toLocaleString('en')} found${advice}` : '';
  if (words.length) openMenu(true);
  drawIndex();
}

/** Goes to the first of what was found. */
function goToFirst() {
  const first = sections.flatMap(({entries}) => entries).find((entry) => !entry.isHidden);
  if (first) location.hash = address(first.id);
}

/** @param {boolean} isOpen whether the index is unfolded, on a narrow screen */
function openMenu(isOpen) {
  menu.setAttribute('aria-expanded', String(isOpen));
}

/** Draws the index: every section, and as many of its entries as a reader can overlook. */
function drawIndex() {
  const isSearch = filter.value.trim() !== '';
  const here = places.get(current)?.section;
  const isSmall = places.size <= WHOLE_MAX;
  let room = FOUND_MAX;
  const groups = sections.filter(({element}) => !element.hidden).map((section) => {
    const hits = section.entries.filter((entry) => !entry.isHidden);
    const isListed = isSearch || section === here || (isSmall && section.id !== 'problem/');
    const listed = isListed ? hits.slice(0, room) : [];
    if (isSearch) room -= listed.length;
    return h('li', {},
      h('a.group', {href: address(section.id), 'aria-current': section.id === current && 'true'},
        section.title, h('span.count', {}, hits.length)),
      listed.length > 0 && h('ul', {}, ...listed.map(indexLine)),
      listed.length < hits.length && isListed && h('p.faint', {}, `and ${hits.length - listed.length} more`));
  });
  index.replaceChildren(h('ul', {}, ...groups));
}

/** @param {Entry} entry */
function indexLine(entry) {
  return h('li', {}, h('a.item', {href: address(entry.id), 'aria-current': entry.id === current && 'true'},
    badge(entry.badge),
    h(entry.isDeprecated ? 'span.title.old' : 'span.title', {}, entry.name),
    entry.summary && h('span.about', {}, entry.summary)));
}

await start();
