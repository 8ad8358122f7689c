// A service without any SDK: it listens on PORT, and calls another service over a Unix socket like any HTTP server.
const http = require("node:http");
const { read, proof, publish } = require("./events.js");

function rateOf(country, headers) {
  const request = {
    socketPath: process.env.ATOLL_SOCKET_RATES,
    path: `/rates/v1/rates/${encodeURIComponent(country)}`,
    headers: { ...proof("rates"), traceparent: headers.traceparent, "atoll-timeout": headers["atoll-timeout"] },
  };
  return new Promise((resolve, reject) => {
    http.get(request, (answer) => {
      let text = "";
      answer.on("data", (piece) => (text += piece));
      answer.on("end", () => resolve({ status: answer.statusCode, body: JSON.parse(text) }));
    }).on("error", reject);
  });
}

// Says of each event that its tax is rated. The id follows from the event's own: whoever is told twice publishes once.
async function heard(headers, body) {
  const { form, events } = read(headers, body);
  const rated = events.map(({ data, ...attributes }) => ({
    specversion: "1.0",
    id: `rated ${attributes.id}`,
    source: process.env.ATOLL_EVENTS_SOURCE,
    type: "tax.tax_rated.v1",
    data: { ...data, heard_of: attributes.type, form, attributes: { ...attributes, http: headers.traceparent ?? "" } },
  }));
  await publish(form, rated);
}

function send(response, status, body) {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
}

const server = http.createServer((request, response) => {
  let text = "";
  request.on("data", (piece) => (text += piece));
  request.on("end", async () => {
    try {
      if (request.method === "POST" && request.url === "/events") {
        const { status, said } = await heard(request.headers, text).then(
          () => ({ status: 204 }),
          (error) => ({ status: 503, said: String(error) }), // told again, whatever it was
        );
        return response.writeHead(status).end(said);
      }
      if (request.method !== "POST" || request.url !== "/taxes") return send(response, 404, { title: "Nothing here" });
      const { cents, country } = JSON.parse(text);
      const { status, body } = await rateOf(country, request.headers);
      if (status !== 200) return send(response, status, body);
      const caller = request.headers["atoll-caller"] ?? "";
      const trace = (request.headers.traceparent ?? "").split("-")[1] ?? "";
      send(response, 200, { cents: Math.round((cents * body.percent) / 100), caller, trace });
    } catch (error) {
      send(response, 500, { title: String(error) });
    }
  });
});

server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
