/**
 * Schemas made readable: the name of a type, a tree of its members, and a sample value.
 */

import {disclosure, h, phrase} from './dom.js';

/** @typedef {import('./document.js').Json} Json */
/** @typedef {import('./document.js').Schemas} Schemas */
/**
 * @typedef {object} Shape a schema with its references followed and its wrappers taken off
 * @property {string} name of the component that it came from, or empty
 * @property {Json} schema
 * @property {Json[]} alternatives two or more, when it is a union
 * @property {boolean} isNullable
 * @property {boolean} isPersonal
 */

const HOPS_MAX = 20;
const DEPTH_MAX = 12;
const TELLING_MAX = 6;
const PERSONAL = 'Personal data: masked in telemetry, blanked on erasure';
const isNull = (/** @type {Json} */ schema) => schema?.type === 'null';

/**
 * Follows references and unwraps what says little: a union of one, "or null", a list of one type.
 *
 * @param {Json | boolean | undefined} start
 * @param {Schemas} schemas
 * @returns {Shape}
 */
export function shape(start, schemas) {
  let schema = /** @type {Json} */ (typeof start === 'object' ? start : {});
  let [name, isNullable, isPersonal] = ['', false, false];
  for (let hops = 0; hops < HOPS_MAX; hops += 1) {
    const {$ref, anyOf, oneOf, allOf, ...outer} = schema;
    isPersonal ||= schema['x-personal'] === true;
    const union = anyOf ?? oneOf;
    const alternatives = (union ?? []).filter((/** @type {Json} */ one) => !isNull(one));
    const types = [schema.type].flat();
    isNullable ||= alternatives.length < (union ?? []).length || types.includes('null');
    if ($ref) {
      name = String($ref).split('/').pop() ?? '';
      schema = {...(Object.hasOwn(schemas, name) ? schemas[name] : {}), ...outer};
    } else if (allOf) {
      schema = allOf.map((/** @type {Json} */ part) => shape(part, schemas).schema).reduce(merged, outer);
    } else if (alternatives.length === 1) schema = {...alternatives[0], ...outer};
    else {
      const type = types.find((one) => one !== 'null');
      return {name, schema: {...schema, type}, alternatives, isNullable, isPersonal};
    }
  }
  return {name, schema: {}, alternatives: [], isNullable, isPersonal};
}

/** @param {Json} one @param {Json} other */
function merged(one, other) {
  const required = [...(one.required ?? []), ...(other.required ?? [])];
  return {...other, ...one, properties: {...other.properties, ...one.properties}, required};
}

/**
 * A type in words: "Score", "list of Reason", "date-time or null".
 *
 * @param {Json | boolean | undefined} schema
 * @param {Schemas} schemas
 * @param {number} [depth]
 * @returns {string}
 */
export function typeName(schema, schemas, depth = 0) {
  const it = shape(schema, schemas);
  return bareName(it, schemas, depth) + (it.isNullable ? ' or null' : '');
}

/** @param {Shape} it @param {Schemas} schemas @param {number} depth @returns {string} */
function bareName({name, schema, alternatives}, schemas, depth) {
  const inner = (/** @type {any} */ one) => (depth < 4 ? typeName(one, schemas, depth + 1) : '…');
  if (name) return schema.title ?? name; // the title of a generic: "Page[Score]"
  if (alternatives.length) return alternatives.map(inner).join(' or ');
  if (schema.enum || 'const' in schema) return schema.enum?.length > 1 ? 'one of' : 'always';
  if (schema.prefixItems) return `(${schema.prefixItems.map(inner).join(', ')})`;
  if (schema.type === 'array') return `${schema.uniqueItems ? 'set' : 'list'} of ${inner(schema.items)}`;
  if (typeof schema.additionalProperties === 'object') return `map of ${inner(schema.additionalProperties)}`;
  if (schema.contentEncoding) return `bytes, as ${schema.contentEncoding}`;
  return schema.format ?? schema.type ?? 'anything';
}

/**
 * What can be opened in a schema: through lists and maps down to an object with members, or a union of such.
 *
 * @param {Json | boolean | undefined} schema
 * @param {Schemas} schemas
 * @param {Set<string>} [seen] names met on the way: a type may stand within itself
 * @returns {Shape | null}
 */
function core(schema, schemas, seen = new Set()) {
  const it = shape(schema, schemas);
  if (it.schema.properties && Object.keys(it.schema.properties).length) return it;
  if (it.name && seen.has(it.name)) return null;
  if (it.name) seen.add(it.name);
  if (it.alternatives.some((one) => core(one, schemas, seen))) return it;
  const next = it.schema.items || it.schema.additionalProperties;
  return typeof next === 'object' ? core(next, schemas, seen) : null;
}

/** Bounds and defaults, a phrase each. @param {Json} schema @returns {string[]} */
function facts(schema) {
  const range = (/** @type {string} */ what, /** @type {any} */ low, /** @type {any} */ high) => {
    if (low === undefined && high === undefined) return '';
    if (low === undefined) return `${what} at most ${high}`;
    return high === undefined ? `${what} at least ${low}` : `${what} ${low} to ${high}`;
  };
  const isFilled = schema.minLength === 1 && schema.maxLength === undefined;
  return [
    range('', schema.minimum, schema.maximum),
    schema.exclusiveMinimum !== undefined && `more than ${schema.exclusiveMinimum}`,
    schema.exclusiveMaximum !== undefined && `less than ${schema.exclusiveMaximum}`,
    schema.multipleOf !== undefined && `multiple of ${schema.multipleOf}`,
    isFilled ? 'not empty' : range('length', schema.minLength, schema.maxLength),
    schema.prefixItems ? '' : range('items', schema.minItems, schema.maxItems),
    schema.pattern && `matches ${schema.pattern}`,
    schema.default !== undefined && schema.default !== null && `default ${JSON.stringify(schema.default)}`,
  ].filter(Boolean).map((fact) => String(fact).trim());
}

/**
 * What a line says of a member or parameter: its type, its bounds, its marks.
 *
 * @param {Json | boolean | undefined} schema
 * @param {Schemas} schemas
 * @param {boolean} isRequired
 */
export function traits(schema, schemas, isRequired) {
  const it = shape(schema, schemas);
  const isNullSaid = it.isNullable && (isRequired || it.schema.default !== null);
  return [
    h('span.type', {}, bareName(it, schemas, 0), isNullSaid && ' or null'),
    ...facts(it.schema).map((fact) => h('span.fact', {}, fact)),
    !isRequired && h('span.fact', {}, 'optional'),
    it.isPersonal && h('span.tag.personal', {title: PERSONAL}, 'personal'),
  ];
}

/**
 * What stands below such a line: the values to choose from.
 *
 * @param {Json | boolean | undefined} schema
 * @param {Schemas} schemas
 */
export function choices(schema, schemas) {
  const it = shape(schema, schemas).schema;
  const values = it.enum ?? ('const' in it ? [it.const] : []);
  return values.length > 0 && h('p', {}, ...values.map(
    (/** @type {unknown} */ value) => h('code.choice', {}, typeof value === 'string' ? value : JSON.stringify(value))));
}

/**
 * A schema as a tree. Members that have members are opened by the reader, one level at a time; a type within itself
 * is named and not opened again.
 *
 * @param {Json | boolean | undefined} schema
 * @param {Schemas} schemas
 * @param {string[]} [above] names of the types that this one stands in
 * @returns {HTMLElement | null} nothing for a type whose name says it all
 */
export function tree(schema, schemas, above = []) {
  const it = core(schema, schemas);
  if (!it) return isBare(schema, schemas) ? null : h('ul.tree', {}, branch('', schema, schemas, true, above));
  const trail = [...above, it.name];
  if (it.alternatives.length) {
    const tag = it.schema.discriminator?.propertyName;
    const name = (/** @type {Json} */ one) => (tag ? `${tag} = ${tagOf(one, tag, schemas)}` : '');
    return h('ul.tree', {}, ...it.alternatives.map((one) => branch(name(one), one, schemas, true, trail)));
  }
  const required = new Set(it.schema.required ?? []);
  return h('ul.tree', {}, ...Object.entries(it.schema.properties).map(
    ([name, member]) => branch(name, member, schemas, required.has(name), trail)));
}

/** @param {Json | boolean | undefined} start @param {Schemas} schemas */
function isBare(start, schemas) {
  const {schema} = shape(start, schemas);
  return !schema.description && !schema.enum && facts(schema).length === 0;
}

/** @param {Json} schema @param {string} tag @param {Schemas} schemas */
function tagOf(schema, tag, schemas) {
  const member = shape(schema, schemas).schema.properties?.[tag] ?? {};
  return String(member.const ?? member.enum?.[0] ?? '?');
}

/**
 * @param {string} name
 * @param {Json | boolean | undefined} schema
 * @param {Schemas} schemas
 * @param {boolean} isRequired
 * @param {string[]} above
 */
function branch(name, schema, schemas, isRequired, above) {
  const it = shape(schema, schemas);
  const inside = core(schema, schemas);
  const isRepeated = Boolean(inside?.name && above.includes(inside.name));
  const line = [
    name && h('span.name', {}, name),
    ...traits(schema, schemas, isRequired),
    isRepeated && h('span.fact', {}, 'as above'),
  ];
  const described = it.name ? /** @type {Json} */ (schema).description : it.schema.description;
  const notes = [described && h('p', {}, ...phrase(described)), choices(schema, schemas)];
  if (!inside || isRepeated) return h('li', {}, h('div.line', {}, ...line), ...notes);
  return h('li', {}, disclosure('member', line, () => [tree(schema, schemas, above)]), ...notes);
}

/** @type {Record<string, string>} what a text of this format looks like */
const TEXTS = {
  'date-time': '2026-03-02T09:30:00Z', date: '2026-03-02', time: '09:30:00', duration: 'PT1H', decimal: '12.50',
  uuid: '0195569e-2b08-7c1a-9d2e-5f3b8a6c4d10', uri: 'https://example.com/', email: 'ada@example.com',
};

/** @type {[RegExp, string][]} what a text of this name looks like, when it has no format */
const NAMED = [
  [/email/, 'ada@example.com'], [/phone|mobile/, '+44 20 7946 0018'], [/url|website/, 'https://example.com/'],
  [/domain|host/, 'example.com'], [/country/, 'GB'], [/currency/, 'EUR'], [/(^|_)at$/, TEXTS['date-time']],
  [/(^|_)id$/, '7'], [/(last|family)_name/, 'Lovelace'], [/company|organi[sz]ation/, 'Example Ltd'], [/name$/, 'Ada'],
];

/**
 * A small value that the schema most likely accepts: its example, else its default, else one made up.
 * Optional members are left out, unless all are optional: then some that are easily understood show what is meant.
 *
 * @param {Json | boolean | undefined} schema
 * @param {Schemas} schemas
 * @param {string} [name] of the member, a hint
 * @param {string[]} [above]
 * @returns {any}
 */
export function sample(schema, schemas, name = '', above = []) {
  const {name: type, schema: it, alternatives, isNullable} = shape(schema, schemas);
  const written = [it.examples?.[0], it.example, it.default ?? undefined, it.const, it.enum?.[0]];
  const first = written.find((one) => one !== undefined);
  if (first !== undefined) return first;
  if ((type && above.includes(type)) || above.length > DEPTH_MAX) return isNullable ? null : {};
  const inner = (/** @type {Json} */ one, /** @type {string} */ hint) => sample(one, schemas, hint, [...above, type]);
  if (alternatives.length) return inner(alternatives[0], name);
  if (it.prefixItems) return it.prefixItems.map((/** @type {Json} */ one) => inner(one, name));
  if (it.type === 'array') {
    const item = core(it, schemas)?.name;
    return item && [...above, type].includes(item) ? [] : [inner(it.items, name)];
  }
  if (it.properties) {
    return Object.fromEntries(telling(it, schemas).map(([key, member]) => [key, inner(member, key)]));
  }
  if (it.type === 'integer' || it.type === 'number') return number(it);
  if (it.type === 'string') return text(it, name);
  if (it.type === 'boolean') return true;
  return it.type === 'object' ? {} : null;
}

/** The members that a sample shows. @param {Json} schema @param {Schemas} schemas @returns {[string, Json][]} */
function telling({properties, required = []}, schemas) {
  /** @type {[string, Json][]} */ const members = Object.entries(properties);
  if (required.length) return members.filter(([key]) => required.includes(key));
  const isPlain = (/** @type {[string, Json]} */ [key, member]) => {
    const it = shape(member, schemas).schema;
    return it.examples || (it.type === 'string' && (it.format || NAMED.some(([pattern]) => pattern.test(key))));
  };
  return members.filter(isPlain).slice(0, TELLING_MAX);
}

/** @param {Json} schema */
function number({minimum, exclusiveMinimum, maximum}) {
  return minimum ?? (exclusiveMinimum === undefined ? Math.min(1, maximum ?? 1) : exclusiveMinimum + 1);
}

/** @param {Json} schema @param {string} name */
function text(schema, name) {
  if (schema.contentEncoding) return btoa(name || 'bytes');
  const made = TEXTS[schema.format] ?? NAMED.find(([pattern]) => pattern.test(name))?.[1] ?? (name || 'text');
  return made.padEnd(schema.minLength ?? 0, '.').slice(0, schema.maxLength ?? made.length + 99);
}
