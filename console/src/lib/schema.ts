// As much of JSON Schema as a form needs: which field a value is written in, and how its text is read.

import type { Json, Schema } from "./types";

export interface Kind { type: "text" | "integer" | "number" | "boolean" | "json"; options: string[] | null; maybeNull: boolean }

function isObject(value: Json | undefined): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// References are looked up within the schema itself; one of several, of which the other is null, is that one.
export function plain(schema: Schema, root: Schema = schema): Schema {
  const reference = schema["$ref"];
  if (typeof reference === "string" && reference.startsWith("#/")) {
    let found: Json | undefined = root;
    for (const part of reference.slice(2).split("/")) found = isObject(found) ? found[part] : undefined;
    if (isObject(found)) return plain(found, root);
  }
  const several = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(several)) {
    const other = several.filter(isObject).filter((each) => each["type"] !== "null");
    if (other.length === 1 && other[0]) return plain(other[0], root);
  }
  return schema;
}

export function kindOf(schema: Schema): Kind {
  const found = plain(schema);
  const maybeNull = found !== schema || (Array.isArray(found["type"]) && found["type"].includes("null"));
  const options = Array.isArray(found["enum"]) && found["enum"].every((each) => typeof each === "string") ? found["enum"] : null;
  const types = Array.isArray(found["type"]) ? found["type"].filter((each) => each !== "null") : [found["type"]];
  const type = types.length === 1 ? types[0] : undefined;
  if (type === "integer" || type === "number" || type === "boolean") return { type, options: null, maybeNull };
  return { type: type === "string" || options ? "text" : "json", options, maybeNull };
}

export function propertiesOf(schema: Schema): { name: string; schema: Schema; required: boolean }[] | null {
  const found = plain(schema);
  const properties = found["properties"];
  if (!isObject(properties)) return null;
  const required = Array.isArray(found["required"]) ? found["required"] : [];
  const definitions = schema["$defs"];
  return Object.entries(properties).map(([name, each]) => {
    const own = isObject(each) ? each : {};
    return { name, schema: isObject(definitions) ? { $defs: definitions, ...own } : own, required: required.includes(name) };
  });
}

export function read(text: string, kind: Kind): Json {
  if (kind.type === "text") return text;
  if (kind.type === "boolean") return text === "true";
  if (kind.type === "json") return JSON.parse(text) as Json;
  const number = Number(text);
  if (!Number.isFinite(number) || text.trim() === "") throw new Error(`"${text}" is not a number.`);
  return number;
}

// A value of the shape, to begin with.
export function sampleOf(schema: Schema, root: Schema = schema, depth = 0): Json {
  const found = plain(schema, root);
  if (found["default"] !== undefined) return found["default"];
  if (Array.isArray(found["enum"])) return found["enum"][0] ?? null;
  const properties = found["properties"];
  if (isObject(properties) && depth < 6) {
    return Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, isObject(each) ? sampleOf(each, root, depth + 1) : null]));
  }
  switch (Array.isArray(found["type"]) ? found["type"][0] : found["type"]) {
    case "string": return "";
    case "integer": case "number": return typeof found["minimum"] === "number" ? found["minimum"] : 0;
    case "boolean": return false;
    case "array": return [];
    case "object": return {};
    default: return null;
  }
}
