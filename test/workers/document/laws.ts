import { SCOPES } from "#rules/scopes";
import { resolved, schemasWithin, type DocumentedOperation, type OpenApi, type Operation } from "./operations.ts";
import { operationsOf } from "./operations.ts";
import { faultsOf } from "./schemas.ts";

/** Operations that need no key: the list is closed. */
const PUBLIC = new Set([
  "health.get",
  "jwks.get",
  "pricing.list",
  "hooks.stripe",
  "hooks.mailchannels",
  "unsubscribe.show",
  "unsubscribe.confirm",
]);

/** What publishable keys may call, and nothing else. */
export const PUBLISHABLE = [
  "licenses.validate",
  "activations.create",
  "activations.validate",
  "activations.heartbeat",
  "activations.deactivate",
  "entitlements.check",
  "entitlements.consume",
  "activations.offline_request",
  "activations.offline_activate",
  "activations.offline_deactivate",
  "emergency_codes.redeem",
  "integrity_checks.create",
  "security_reports.create",
];

/** What the laws know beside the document: the router's table, the pages in it that are no operations, and the problems. */
export type Beside = {
  routes: readonly { method: string; path: string }[];
  pages: readonly string[];
  problemCodes: readonly string[];
  problemPages: ReadonlySet<string>;
};

type Law = (document: OpenApi, beside: Beside) => string[];

const each = (judge: (operation: Operation, documented: DocumentedOperation, document: OpenApi) => string[]): Law => {
  return (document) =>
    operationsOf(document).flatMap((operation) => {
      const documented = document.paths[operation.path]?.[operation.method.toLowerCase()] ?? {};
      return judge(operation, documented, document).map((fault) => `${operation.id}: ${fault}`);
    });
};

const routeName = (method: string, path: string) => `${method.toUpperCase()} ${path.replaceAll(/:([a-z_]+)/g, "{$1}")}`;

/** The laws of the document, each as what it finds wrong. */
export const laws = {
  "the router's table equals the document": (document, { routes, pages }) => {
    const served = new Set(
      routes
        .filter(({ method, path }) => method !== "ALL" && !path.startsWith("/internal/") && !pages.includes(`${method} ${path}`))
        .map(({ method, path }) => routeName(method, path)),
    );
    const told = new Set(operationsOf(document).map(({ method, path }) => routeName(method, path)));
    const missing = pages.filter((page) => !routes.some(({ method, path }) => page === `${method} ${path}`));
    return [
      ...[...served].filter((route) => !told.has(route)).map((route) => `${route} is served, but not documented`),
      ...[...told].filter((route) => !served.has(route)).map((route) => `${route} is documented, but not served`),
      ...missing.map((page) => `${page} is listed as a page, but not served`),
    ];
  },
  "an operation is named noun.verb, once": (document) => {
    const ids = operationsOf(document).map(({ id }) => id);
    return [
      ...ids.filter((id) => !/^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$/.test(id)),
      ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} twice`),
    ];
  },
  "an operation has a summary": each((_, { summary = "" }) => (/^[A-Z].{3,80}[^.\s]$/.test(summary) ? [] : [`«${summary}»`])),
  "an operation names who may call it": each(({ id }, { security }) => whyNotSecurity(id, security)),
  "reading is done under a scope for reading": each(({ method, scope }) =>
    method === "GET" && scope !== null && !scope.endsWith(":read") ? [scope] : [],
  ),
  "publishable keys may call what the contract lists, and all of it": each(({ id, publishable }) =>
    publishable === PUBLISHABLE.includes(id) ? [] : [publishable ? "is not on the list" : "is on the list"],
  ),
  "a request body is strict": each(({ body }, _, document) => {
    if (!body || body.mediaType !== "application/json") return [];
    return [...schemasWithin(document, body.schema)]
      .filter(([, { type, properties, additionalProperties }]) => {
        const isObject = properties !== undefined || type === "object" || (Array.isArray(type) && type.includes("object"));
        const isMap = properties === undefined && typeof additionalProperties === "object";
        return isObject && !isMap && additionalProperties !== false;
      })
      .map(([at]) => `${at || "the body"} takes unknown fields`);
  }),
  "a request body has an example, and the example fits": each(({ body }, _, document) => {
    if (!body) return [];
    if (body.example === undefined) return ["no example"];
    return body.mediaType === "application/json" ? faultsOf(document, body.schema, body.example) : [];
  }),
  "an identifier in a path has an example": each(({ pathParameters }) =>
    pathParameters.filter(({ example }) => typeof example !== "string").map(({ name }) => name),
  ),
  "an operation tells its answers and its problems": each((_, { responses = {} }, document) => {
    const good = Object.keys(responses).filter((status) => status.startsWith("2"));
    const bad = Object.keys(responses).filter((status) => /^[45]/.test(status) && responses[status]?.["x-codes"]?.length);
    const bare = good.filter((status) => status !== "204" && !schemaOf(document, responses[status]));
    return [
      ...(good.length === 0 ? ["no answer"] : []),
      ...(bad.length === 0 ? ["no problems"] : []),
      ...bare.map((status) => `no schema for ${status}`),
    ];
  }),
  "a declared problem exists": (document, { problemCodes }) =>
    each((_, { responses = {} }) =>
      Object.values(responses)
        .flatMap((response) => response["x-codes"] ?? [])
        .filter((code) => !problemCodes.includes(code)),
    )(document, {} as Beside),
  "a problem has one code and a page": (_, { problemCodes, problemPages }) => [
    ...problemCodes.filter((code) => !/^[a-z]+(_[a-z0-9]+)*$/.test(code)).map((code) => `${code} is not lower_snake`),
    ...problemCodes.filter((code, index) => problemCodes.indexOf(code) !== index).map((code) => `${code} twice`),
    ...problemCodes.filter((code) => !problemPages.has(code)).map((code) => `${code} has no page`),
  ],
} satisfies Record<string, Law>;

function whyNotSecurity(id: string, security: DocumentedOperation["security"]): string[] {
  if (!security) return ["says nothing"];
  if (security.length === 0) return PUBLIC.has(id) ? [] : ["needs no key, and is not on the list of those"];
  const kinds = security.flatMap((way) => Object.keys(way)).sort();
  const scopes = security.flatMap((way) => Object.values(way).flat());
  if (!["operator_key", "secret_key", "publishable_key,secret_key", "operator_key,secret_key"].includes(kinds.join()))
    return [`keys of the kinds ${kinds.join(", ")}`];
  const wanted = kinds.includes("secret_key") ? 1 : 0;
  if (scopes.length !== wanted) return [`${scopes.length} scopes`];
  return scopes.filter((scope) => !(SCOPES as readonly string[]).includes(scope)).map((scope) => `unknown scope ${scope}`);
}

function schemaOf(document: OpenApi, response: NonNullable<DocumentedOperation["responses"]>[string] | undefined) {
  const schema = Object.values(response?.content ?? {})[0]?.schema;
  return schema && resolved(document, schema);
}
