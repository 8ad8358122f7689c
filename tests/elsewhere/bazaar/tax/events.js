// Events without any SDK: read as the platform posts them (CloudEvents 1.0 over HTTP), and posted as it takes them.
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");

const ONE = "application/cloudevents+json";
const SEVERAL = "application/cloudevents-batch+json";

// The events in a request, whatever the form, each with its attributes and its data; and which form it was.
function read(headers, body) {
  const type = (headers["content-type"] ?? "").split(";")[0];
  if (type === ONE) return { form: "structured", events: [JSON.parse(body)] };
  if (type === SEVERAL) return { form: "batch", events: JSON.parse(body) };
  const event = { data: JSON.parse(body) };
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith("ce-")) event[name.slice(3)] = decodeURIComponent(value);
  }
  return { form: "binary", events: [event] };
}

function written(form, events) {
  if (form === "batch") return { headers: { "content-type": SEVERAL }, body: JSON.stringify(events) };
  const { data, ...attributes } = events[0];
  if (form === "structured") return { headers: { "content-type": ONE }, body: JSON.stringify(events[0]) };
  const headers = { "content-type": "application/json" };
  for (const [name, value] of Object.entries(attributes)) headers[`ce-${name}`] = encodeURIComponent(value);
  return { headers, body: JSON.stringify(data) };
}

// Who calls, and what proves it: the token for a service lies in a file, which is written again before it ends.
function proof(service) {
  const token = fs.readFileSync(path.join(process.env.ATOLL_TOKENS, service), "utf8");
  return { "atoll-caller": "tax", "atoll-token": token };
}

// Posts events; fulfilled when they are on the disk, refused with the answer otherwise.
function publish(form, events) {
  const { headers: own, body } = written(form, events);
  const headers = { ...own, ...proof("tax") };
  const options = { socketPath: process.env.ATOLL_EVENTS, path: process.env.ATOLL_EVENTS_PATH, method: "POST", headers };
  return new Promise((resolve, reject) => {
    const request = http.request(options, (answer) => {
      let text = "";
      answer.on("data", (piece) => (text += piece));
      answer.on("end", () => (answer.statusCode < 300 ? resolve() : reject(new Error(`${answer.statusCode} ${text}`))));
    });
    request.on("error", reject);
    request.end(body);
  });
}

module.exports = { read, proof, publish };
