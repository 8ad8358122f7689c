/**
 * The OpenAPI document as this page uses it: services with their operations and events, problems, schemas.
 * No element is made here.
 */

/** @typedef {{[member: string]: any}} Json  a part of the document, as it came */
/** @typedef {{name: string, place: string, required: boolean, description: string, schema: Json}} Parameter */
/** @typedef {{status: string, description: string, schema: Json | null, isStreamed: boolean}} Answer */
/** @typedef {{since?: string, sunset?: string, instead?: string}} Deprecation */
/**
 * @typedef {object} Operation
 * @property {string} id "scoring.latest": also its address on this page
 * @property {string} method "GET"
 * @property {string} path "/scoring/v1/scores/{lead_id}"
 * @property {string} summary
 * @property {string} description
 * @property {Deprecation | null} deprecation
 * @property {Parameter[]} parameters
 * @property {Json | null} body its schema
 * @property {Answer[]} answers what it says when all is well
 * @property {string[]} problems codes of the problems that it declares
 * @property {Json | null} otherwise the schema of any other problem
 * @property {boolean} isPaged
 * @property {boolean} isStreamed
 */
/** @typedef {{type: string, key: string, description: string, schema: Json}} Event */
/**
 * @typedef {object} Problem
 * @property {string} code
 * @property {number} status
 * @property {string} title
 * @property {boolean} retryable
 * @property {Json} schema
 * @property {string[]} operations ids of those that declare it
 */
/**
 * @typedef {object} Service
 * @property {string} name
 * @property {string} owner
 * @property {string} version
 * @property {string} description
 * @property {Operation[]} operations
 * @property {Event[]} events
 */
/** @typedef {{[name: string]: Json}} Schemas */
/** @typedef {{header: string, prefix: string}} Credential how a key travels */
/**
 * @typedef {object} Reference
 * @property {string} title
 * @property {string} version
 * @property {string} description
 * @property {Credential} credential
 * @property {Service[]} services
 * @property {Map<string, Problem>} problems by code
 * @property {Schemas} schemas
 */

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Where the document lies: `index.html` says so (RFC 8631). */
export function source() {
  return /** @type {HTMLLinkElement} */ (document.querySelector('link[rel="service-desc"]')).href;
}

/**
 * Reads an OpenAPI 3.1 document with Atoll's `x-` members.
 *
 * @param {Json} json
 * @returns {Reference}
 * @throws {Error} when it is something else
 */
export function read(json) {
  if (!String(json?.openapi).startsWith('3.')) throw new Error('It has no member "openapi" that starts with "3.".');
  /** @type {Map<string, Service>} */ const services = new Map();
  const service = (/** @type {string} */ name) => {
    const known = services.get(name) ?? {name, owner: '', version: '', description: '', operations: [], events: []};
    services.set(name, known);
    return known;
  };
  /** @type {Map<string, Problem>} */
  const problems = new Map((json['x-problems'] ?? []).map((/** @type {Json} */ one) =>
    [one.code, {...one, title: one.title ?? '', schema: one.schema ?? {}, operations: []}]));

  for (const tag of json.tags ?? []) {
    Object.assign(service(tag.name), {
      owner: tag['x-owner'] ?? '', version: tag['x-version'] ?? '', description: tag.description ?? '',
    });
  }
  for (const [path, item] of Object.entries(json.paths ?? {})) {
    for (const method of Object.keys(item).filter((name) => METHODS.includes(name))) {
      const one = operation(method, path, item[method], problems);
      service(item[method].tags?.[0] ?? one.id.split('.')[0]).operations.push(one);
      for (const code of one.problems) problems.get(code)?.operations.push(one.id);
    }
  }
  for (const event of json['x-events'] ?? []) {
    service(event.service).events.push({key: '', description: '', schema: {}, ...event});
  }
  return {
    title: json.info?.title ?? 'Application',
    version: json.info?.version ?? '',
    description: json.info?.description ?? '',
    credential: credential(Object.values(json.components?.securitySchemes ?? {})[0]),
    services: [...services.values()],
    problems,
    schemas: json.components?.schemas ?? {},
  };
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Json} json
 * @param {Map<string, Problem>} known
 * @returns {Operation}
 */
function operation(method, path, json, known) {
  /** @type {[string, Json][]} */ const responses = Object.entries(json.responses ?? {});
  const wrong = responses.flatMap(([status, response]) => {
    const schema = response.content?.['application/problem+json']?.schema;
    return schema ? [{status, schema, alternatives: schema.oneOf ?? schema.anyOf ?? [schema]}] : [];
  });
  const codes = wrong.flatMap((one) => one.alternatives).flatMap((/** @type {Json} */ one) =>
    [...known.values()].filter(({schema}) => one.$ref && schema.$ref === one.$ref).map(({code}) => code));
  const answers = responses.filter(([status]) => status.startsWith('2')).map(([status, one]) => answer(status, one));
  const {summary = '', description = ''} = json;
  return {
    id: json.operationId ?? `${method}${path}`,
    method: method.toUpperCase(),
    path,
    summary,
    description: description.startsWith(summary) ? description.slice(summary.length) : description,
    deprecation: json.deprecated ? json['x-deprecation'] ?? {} : null,
    parameters: (json.parameters ?? []).map(parameter),
    body: Object.values(json.requestBody?.content ?? {})[0]?.schema ?? null,
    answers,
    problems: [...new Set([...codes, ...(json['x-problems'] ?? [])])],
    otherwise: wrong.find((one) => one.status === 'default')?.schema ?? null,
    isPaged: Boolean(json['x-paged']),
    isStreamed: Boolean(json['x-streamed']),
  };
}

/** @param {Json} json @returns {Parameter} */
function parameter(json) {
  const {name, required = false, description = '', schema = {}} = json;
  return {name, place: json.in, required, description: description || schema.description || '', schema};
}

/** @param {string} status @param {Json} response @returns {Answer} */
function answer(status, response) {
  const [type, media] = Object.entries(response.content ?? {})[0] ?? ['', {}];
  return {
    status,
    description: response.description ?? '',
    schema: /** @type {Json} */ (media).schema ?? null,
    isStreamed: type === 'application/x-ndjson',
  };
}

/**
 * How the key travels: by the first security scheme when that is a header, else as a bearer token.
 *
 * @param {Json | undefined} scheme
 * @returns {Credential}
 */
function credential(scheme) {
  const isHeader = scheme?.type === 'apiKey' && scheme.in === 'header' && /^[\w-]+$/.test(scheme.name);
  return isHeader ? {header: scheme.name, prefix: ''} : {header: 'Authorization', prefix: 'Bearer '};
}
