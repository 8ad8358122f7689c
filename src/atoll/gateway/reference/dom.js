/**
 * Elements are made here, and nowhere else: data becomes text nodes and attribute values, never markup.
 */

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Makes one element: `h('a.name', {href: '#x', click: listener}, 'text', child)`.
 *
 * Tag, classes and attribute names are literals of this page; only attribute values and children may be data.
 *
 * @param {string} what the tag and its classes, parted by dots
 * @param {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} [attributes]
 *   a function is a listener; what is absent or false is left out
 * @param {...(Child | Child[])} children
 * @returns {any} the element: callers know which one they asked for
 */
export function h(what, attributes = {}, ...children) {
  const [tag, ...classes] = what.split('.');
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(' ');
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  for (const child of children.flat()) {
    if (child instanceof Node) element.append(child);
    else if (child !== null && child !== undefined && child !== false) element.append(String(child));
  }
  return element;
}

/** @type {WeakMap<Element, () => Child[]>} what a closed disclosure will hold once it is opened */
const folded = new WeakMap();

/**
 * A disclosure whose content is made when it is opened for the first time.
 *
 * @param {string} kind a class of this page
 * @param {Child[]} summary
 * @param {() => Child[]} content
 */
export function disclosure(kind, summary, content) {
  const element = h(`details.${kind}`, {toggle: () => element.open && unfold(element)}, h('summary', {}, ...summary));
  folded.set(element, content);
  return element;
}

/** Opens a disclosure now. @param {HTMLDetailsElement} element */
export function unfold(element) {
  const content = folded.get(element);
  folded.delete(element);
  if (content) element.append(h('div.content', {}, ...content()));
  element.open = true;
}

/**
 * A docstring as paragraphs: `code` between backquotes, indented blocks kept as they are.
 *
 * @param {string} text
 * @returns {any} an element, or nothing when there is no text
 */
export function prose(text) {
  const blocks = dedented(text).split(/\n\s*\n/).filter((block) => block.trim());
  return blocks.length > 0 && h('div.prose', {}, ...blocks.map((block) => {
    const lines = block.split('\n').filter((line) => line.trim());
    if (lines.every((line) => /^ {4}|^>>> |^\.\.\. /.test(line))) return scrollable('Example', lines.join('\n'));
    return h('p', {}, ...phrase(block.trim()));
  }));
}

/** A docstring without the indentation of its code. @param {string} text */
function dedented(text) {
  const [first, ...rest] = text.split('\n');
  const margin = Math.min(...rest.filter((line) => line.trim()).map((line) => line.search(/\S/)));
  return [first.trim(), ...rest.map((line) => line.slice(margin))].join('\n');
}

/** One line of prose, with its `code`. @param {string} text @returns {Child[]} */
export function phrase(text) {
  return text.split(/``?([^`]+)``?/).map((part, index) => (index % 2 ? h('code', {}, part) : part));
}

/** Text that may be wider than its place, reachable by keyboard. @param {string} label @param {...Child} children */
export function scrollable(label, ...children) {
  return h('pre', {tabindex: 0, role: 'group', 'aria-label': label}, ...children);
}

/**
 * A button that copies the text of an element, or selects it where the browser keeps the clipboard to itself
 * (it does outside of https and localhost).
 *
 * @param {() => HTMLElement} source
 */
export function copyButton(source) {
  const button = h('button.quiet', {type: 'button', 'aria-live': 'polite', click: async () => {
    try {
      await navigator.clipboard.writeText(source().textContent ?? '');
      button.textContent = 'Copied';
    } catch {
      getSelection()?.selectAllChildren(source());
      button.textContent = 'Selected: press Ctrl+C';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  }}, 'Copy');
  return button;
}

const COLOURED_MAX = 60_000;

/**
 * JSON, indented and coloured. Works on the text, so that long integers and decimals stay as they were sent.
 *
 * @param {string} text
 * @returns {(Node | string)[]} the text as it is when it is not JSON
 */
export function json(text) {
  try {
    JSON.parse(text);
  } catch {
    return [text];
  }
  const tokens = text.match(/"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}:,]|[^\s"[\]{}:,]+/g) ?? [];
  const coloured = text.length <= COLOURED_MAX;
  /** @type {(Node | string)[]} */ const pieces = [];
  let plain = '';
  let depth = 0;
  tokens.forEach((token, index) => {
    const next = tokens[index + 1];
    const line = (/** @type {number} */ by) => { depth += by; return `\n${'  '.repeat(depth)}`; };
    if (token === '{' || token === '[') plain += token + (next === '}' || next === ']' ? '' : line(1));
    else if (token === '}' || token === ']') plain += ('{['.includes(tokens[index - 1]) ? '' : line(-1)) + token;
    else if (token === ',') plain += `,${line(0)}`;
    else if (token === ':') plain += ': ';
    else if (!coloured) plain += token;
    else {
      const kind = next === ':' ? 'json-key' : token[0] === '"' ? 'json-text' : 'json-other';
      pieces.push(plain, h(`span.${kind}`, {}, token));
      plain = '';
    }
  });
  return [...pieces, plain];
}
