import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { upTo } from "../../world.ts";
import { meanwhile } from "../meanwhile.ts";
import { DAY_MS, shop, type Shop } from "../shop.ts";
import { carriedOut, csv, oldKey, resultsOf, rowsIn, step, upload } from "./story.ts";

const MIB = 1024 * 1024;

/** Rows for the shop's customer, each with a key of its own. */
const rowsFor = (s: Shop, count: number, more: Record<string, string> = {}) =>
  upTo(count).map((n) => ({ license_key: oldKey(n), customer_id: String(s.customer["id"]), ...more }));

async function offering(terms: Record<string, unknown> = {}) {
  const s = await shop();
  const template = await s.template(terms);
  return { s, query: `?template_id=${template["id"]}`, template };
}

test("a thousand licenses come with their keys, each exactly once, and every one of them validates", async () => {
  const { s, query } = await offering({ max_activations: 3 });
  const rows = rowsFor(s, 1000).map((row, index) => ({
    ...row,
    external_id: `old-${index}`,
    issued_to: `Person ${index}, "the ${index}th"`,
    expires_at: "2099-01-01T00:00:00.000Z",
    max_activations: index % 2 === 0 ? "7" : "",
    "metadata.batch": "spring",
  }));
  const started = await upload(s, csv(rows), { query });
  expect(started.body).toMatchObject({
    object: "operation",
    kind: "licenses.import",
    status: "running",
    progress: { done: 0, total: 1000 },
  });
  const operation = await carriedOut(s, started);
  expect(operation).toMatchObject({
    status: "succeeded",
    progress: { done: 1000, total: 1000 },
    result: { succeeded: 1000, skipped: 0, failed: 0 },
  });

  expect(await rowsIn(s, "licenses")).toBe(1000);
  expect(await s.events("license.created")).toHaveLength(1000);
  expect(await s.events("operation.finished")).toHaveLength(1);
  expect(await rowsIn(s, "operation_chunks")).toBe(0);
  const results = await resultsOf(s, operation["id"]);
  expect(results.map(({ n }) => n)).toEqual(upTo(1000));
  // their ids sort as they stood in the upload
  const ids = results.map(({ license_id: id }) => String(id));
  expect(ids).toEqual(ids.toSorted());
  for (const n of [1, 2, 100, 101, 1000]) {
    const found = (await s.post("/v1/licenses/lookup", { license_key: oldKey(n) })).body;
    expect(found).toMatchObject({
      id: ids[n - 1],
      external_id: `old-${n - 1}`,
      issued_to: `Person ${n - 1}, "the ${n - 1}th"`,
      max_activations: n % 2 === 1 ? 7 : 3,
      expires_at: "2099-01-01T00:00:00.000Z",
      metadata: { batch: "spring" },
    });
    expect((await s.validate(oldKey(n))).body["code"]).toBe("VALID");
  }
});

test("a step that is repeated, or runs four times at once, does nothing twice", async () => {
  const { s, query } = await offering();
  const { body } = await upload(s, csv(rowsFor(s, 250)), { query });
  for (let running = true; running;) {
    const answers = await Promise.all(upTo(4).map(() => step(s, body["id"])));
    for (const { status, text } of answers) expect([status, text]).toEqual([200, text]);
    running = answers.some((answer) => answer.body["status"] === "running");
  }
  expect((await step(s, body["id"])).body).toMatchObject({ status: "succeeded", done: 250, total: 250 });
  expect(await rowsIn(s, "licenses")).toBe(250);
  expect(await s.events("license.created")).toHaveLength(250);
  expect((await resultsOf(s, body["id"])).map(({ n }) => n)).toEqual(upTo(250));
});

test("a dry run reports what an upload holds, and writes nothing", async () => {
  const { s, query } = await offering();
  const taken = await s.license({}, { license_key: oldKey(7), external_id: "taken" });
  const rows = [
    { ...rowsFor(s, 1)[0], external_id: "a" },
    { license_key: oldKey(2), customer_id: "cus_nobody", external_id: "b" },
    { license_key: "1234-5678", customer_id: String(s.customer["id"]), external_id: "c" },
    { license_key: oldKey(7), customer_id: String(s.customer["id"]), external_id: "d" },
    { license_key: oldKey(1), customer_id: String(s.customer["id"]), external_id: "e" },
    { license_key: oldKey(6), customer_id: String(s.customer["id"]), external_id: "taken" },
    { license_key: oldKey(8), customer_id: "", external_id: "g" },
  ] as Record<string, string>[];
  const before = [await rowsIn(s, "licenses"), await rowsIn(s, "operations"), await rowsIn(s, "events")];
  const { status, body } = await upload(s, csv(rows), { query: `${query}&dry_run=true` });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    object: "import_report",
    acceptable: false,
    rows: 7,
    valid: 1,
    errors_total: 6,
    collisions: 2,
    duplicates: 1,
  });
  expect(body["errors"].map(({ row, column, code }: Record<string, unknown>) => [row, column, code])).toEqual([
    [2, "customer_id", "customer_not_found"],
    [3, "license_key", "weak_license_key"],
    [4, "license_key", "license_key_taken"],
    [5, "license_key", "license_key_twice"],
    [6, "external_id", "external_id_taken"],
    [7, "customer_id", "custom"],
  ]);
  expect(body["strength"]).toMatchObject({ weak_rows: [3] });
  expect(body["strength"]["least_bits"]).toBeLessThan(64);
  expect(body["strength"]["buckets"].reduce((sum: number, bucket: { rows: number }) => sum + bucket.rows, 0)).toBe(6);
  expect([await rowsIn(s, "licenses"), await rowsIn(s, "operations"), await rowsIn(s, "events")]).toEqual(before);
  expect(taken["external_id"]).toBe("taken");
});

test("an upload that is not sound is refused as a whole, with the rows that are not", async () => {
  const { s, query } = await offering();
  await s.license({}, { license_key: oldKey(9) });
  const customer = String(s.customer["id"]);
  const codes = async (rows: Record<string, string>[], more = "") => {
    const { status, body } = await upload(s, csv(rows), { query: query + more });
    return [status, body["code"], body["errors"]?.map(({ pointer, code }: Record<string, string>) => `${pointer} ${code}`)];
  };
  expect(await codes([{ license_key: oldKey(1), customer_id: customer, expires_at: "soon" }])).toEqual([
    400,
    "import_rows_invalid",
    ["/rows/1/expires_at invalid_format"],
  ]);
  expect(await codes([{ license_key: oldKey(1), customer_id: customer, expires_at: "2020-01-01T00:00:00Z" }])).toEqual([
    400,
    "import_rows_invalid",
    ["/rows/1/expires_at expires_before_start"],
  ]);
  expect(await codes([{ license_key: "12345678", customer_id: customer }])).toEqual([
    400,
    "import_rows_invalid",
    ["/rows/1/license_key weak_license_key"],
  ]);
  expect(await codes([{ license_key: oldKey(1), customer_id: "cus_nobody" }])).toEqual([
    404,
    "customer_not_found",
    ["/rows/1/customer_id customer_not_found"],
  ]);
  expect(await codes([{ license_key: oldKey(1), customer_id: customer, template_id: "tpl_none" }])).toEqual([
    404,
    "template_not_found",
    ["/rows/1/template_id template_not_found"],
  ]);
  expect(await codes([{ license_key: oldKey(9), customer_id: customer }])).toEqual([
    409,
    "import_conflicts",
    ["/rows/1/license_key license_key_taken"],
  ]);
  const twice = { license_key: oldKey(1), customer_id: customer };
  expect(await codes([twice, twice])).toEqual([409, "import_conflicts", ["/rows/2/license_key license_key_twice"]]);
  expect(await rowsIn(s, "operations")).toBe(0);
});

test("with on_conflict=skip what is there already is left out, and told", async () => {
  const { s, query } = await offering();
  await s.license({}, { license_key: oldKey(2) });
  const rows = [...rowsFor(s, 3), { license_key: oldKey(3), customer_id: String(s.customer["id"]) }];
  const operation = await carriedOut(s, await upload(s, csv(rows), { query: `${query}&on_conflict=skip` }));
  expect(operation["result"]).toEqual({ succeeded: 2, skipped: 2, failed: 0 });
  expect((await resultsOf(s, operation["id"], "skipped")).map(({ n, code }) => [n, code])).toEqual([
    [2, "license_key_taken"],
    [4, "license_key_taken"],
  ]);
});

test("a key that somebody takes between the check and its turn fails in its row alone, also when it is taken at the last moment", async () => {
  const { s, query } = await offering();
  const { body } = await upload(s, csv(rowsFor(s, 3)), { query });
  await s.license({}, { license_key: oldKey(1) });
  const happened = meanwhile(/insert into "licenses"/, () => s.license({}, { license_key: oldKey(2) }));
  expect((await step(s, body["id"])).body).toMatchObject({ status: "succeeded", done: 3 });
  expect(happened()).toBe(true);
  const results = await resultsOf(s, body["id"]);
  expect(results.map(({ outcome, code }) => [outcome, code])).toEqual([
    ["failed", "license_key_taken"],
    ["failed", "license_key_taken"],
    ["succeeded", null],
  ]);
  expect(await rowsIn(s, "licenses")).toBe(3);
});

test("keys of any form are matched as they are: case, quotes, line breaks, other scripts, and what looks like ours", async () => {
  const { s, query } = await offering();
  const ours = (await s.license())["license_key"] as string;
  const keys = [
    "ab-O1-cdEFgh-7JKLm9op-QRst",
    "AB-01-CDEFGH-7JK1M90P-QRST",
    'say "hello", world; 3491-qzPW',
    "línea-日本語-ключ-9281-ñandú-qz",
    "7K2Q-M8XT-0V4B-R3ZC-9XWD",
    "two\nlines-3f9a-Qw81-zzTp-04Lm",
    "  padded-91fk-TTq2-vv83-Pz0x  ",
  ];
  const customer = String(s.customer["id"]);
  const operation = await carriedOut(
    s,
    await upload(s, `\ufeff${csv(keys.map((key) => ({ license_key: key, customer_id: customer })))}\r\n`, {
      query: `${query}&allow_weak=true`,
    }),
  );
  expect(operation["result"]).toEqual({ succeeded: keys.length, skipped: 0, failed: 0 });
  const ids = await Promise.all(keys.map(async (key) => (await s.post("/v1/licenses/lookup", { license_key: key })).body["id"]));
  expect(ids).toEqual((await resultsOf(s, operation["id"])).map(({ license_id: id }) => id));
  // one that looks like ours has none of our forgiveness, and one that is read as ours is taken
  expect((await s.post("/v1/licenses/lookup", { license_key: "7k2q m8xt 0v4b r3zc 9xwd" })).status).toBe(404);
  const again = await upload(s, csv([{ license_key: ours.toLowerCase(), customer_id: customer }]), { query });
  expect(again.body["code"]).toBe("import_conflicts");
  // composed or not, it is one text
  const decomposed = await s.post("/v1/licenses/lookup", { license_key: keys[3]?.normalize("NFD") });
  expect(decomposed.body["id"]).toBe(ids[3]);
});

test("the other texts of an upload are kept in one normal form, as those of every other body", async () => {
  const { s, query } = await offering();
  const row = {
    license_key: oldKey(1),
    customer_id: String(s.customer["id"]),
    external_id: "cafe\u0301",
    "metadata.city": "Ko\u0308ln",
  };
  await carriedOut(s, await upload(s, csv([row]), { query }));
  const [license] = (await s.read(`/v1/licenses?external_id=${encodeURIComponent("caf\u00e9")}`))["data"];
  expect(license).toMatchObject({ external_id: "caf\u00e9", metadata: { city: "K\u00f6ln" } });
});

test("weak keys come in when they are allowed to, and their strength is kept", async () => {
  const { s, query } = await offering();
  const rows = [{ license_key: "4711", customer_id: String(s.customer["id"]) }];
  await carriedOut(s, await upload(s, csv(rows), { query: `${query}&allow_weak=true` }));
  expect((await s.validate("4711")).body["code"]).toBe("VALID");
  const bits = await env.DB_00.prepare("select key_bits from licenses where tenant_id = ?")
    .bind(s.tenant.id)
    .first<number>("key_bits");
  expect(bits).toBeLessThan(64);
});

test("licenses come as they were: suspended, revoked, without end, unlimited, or expired with their start", async () => {
  const { s, query } = await offering({ max_activations: 2 });
  const [a, b, c, d] = rowsFor(s, 4);
  const rows = [
    { ...a, status: "suspended", expires_at: "", max_activations: "", starts_at: "" },
    { ...b, status: "revoked" },
    { ...c, expires_at: "never", max_activations: "unlimited" },
    { ...d, starts_at: "2020-01-01T00:00:00Z", expires_at: "2021-01-01T00:00:00Z" },
  ];
  const operation = await carriedOut(s, await upload(s, csv(rows), { query }));
  const ids = (await resultsOf(s, operation["id"])).map(({ license_id: id }) => id);
  const [held, revoked, endless, expired] = await Promise.all(ids.map((id) => s.read(`/v1/licenses/${id}`)));
  expect(held).toMatchObject({ status: "suspended", holds: [{ cause: "manual" }], max_activations: 2 });
  expect(Date.parse(held?.["expires_at"]) - Date.parse(held?.["starts_at"])).toBeGreaterThan(364 * DAY_MS);
  expect(revoked).toMatchObject({ status: "revoked", revoked_reason: "Imported as revoked" });
  expect(endless).toMatchObject({ status: "active", expires_at: null, max_activations: null });
  expect(expired).toMatchObject({ status: "expired", starts_at: "2020-01-01T00:00:00.000Z" });
});

test("customers are found by id, external_id and e-mail, and made once where that is asked for", async () => {
  const { s, query } = await offering();
  await s.made("/v1/customers", { name: "Grace", email: "grace@customer.example", kind: "person", external_id: "crm-1" });
  for (const name of ["Twin", "Other"]) await s.made("/v1/customers", { name, email: "twin@customer.example", kind: "person" });
  const line = (n: number, more: Record<string, string>) => JSON.stringify({ license_key: oldKey(n), ...more });
  const lines = [
    line(1, { customer_external_id: "crm-1" }),
    line(2, { customer_email: "grace@customer.example" }),
    line(3, { customer_email: "new@customer.example", customer_name: "Newcomer" }),
    line(4, { customer_email: "new@customer.example" }),
    line(5, { customer_external_id: "crm-2", customer_email: "second@customer.example" }),
    line(6, { customer_email: "twin@customer.example" }),
  ];
  const type = "application/x-ndjson; charset=utf-8";
  const send = (count: number, more = "") => upload(s, lines.slice(0, count).join("\n"), { query: query + more, type });
  expect((await send(5)).body).toMatchObject({
    code: "customer_not_found",
    errors: [{ pointer: "/rows/3/customer_email" }, {}, { pointer: "/rows/5/customer_external_id" }],
  });
  expect((await send(6, "&create_customers=true")).body).toMatchObject({
    code: "import_rows_invalid",
    errors: [{ code: "customer_ambiguous" }],
  });
  expect((await send(5, "&create_customers=true&dry_run=true")).body).toMatchObject({ acceptable: true, customers_to_create: 2 });

  const operation = await carriedOut(s, await send(5, "&create_customers=true"));
  const ids = (await resultsOf(s, operation["id"])).map(({ license_id: id }) => id);
  const owners = await Promise.all(
    ids.map(async (id) => s.read(`/v1/customers/${(await s.read(`/v1/licenses/${id}`))["customer_id"]}`)),
  );
  expect(owners.map(({ name }) => name)).toEqual(["Grace", "Grace", "Newcomer", "Newcomer", "second@customer.example"]);
  expect(owners[4]?.["external_id"]).toBe("crm-2");
  expect(await s.events("customer.created")).toHaveLength(6);
});

test("making customers takes the scope for it", async () => {
  const { s, query } = await offering();
  const { secret } = await s.made("/v1/api_keys", { name: "Narrow", kind: "secret", scopes: ["licenses:write"] });
  const answer = await upload(s, csv(rowsFor(s, 1)), { query: `${query}&create_customers=true`, key: secret });
  expect(answer).toMatchObject({ status: 403, body: { code: "scope_missing" } });
});

test("another tenant's template and customer are not there", async () => {
  const [{ s, query }, other] = [await offering(), await offering()];
  expect((await upload(s, csv(rowsFor(s, 1)), { query: other.query })).body).toMatchObject({
    status: 404,
    code: "template_not_found",
  });
  expect((await upload(s, csv(rowsFor(other.s, 1)), { query })).body).toMatchObject({ status: 404, code: "customer_not_found" });
});

test("10 MiB are read, and one byte more is not; other types, encodings and texts are refused with what to do", async () => {
  const { s, query } = await offering();
  const full = csv(rowsFor(s, 2));
  const padded = (length: number) => full + "\n".repeat(length - full.length);
  expect((await upload(s, padded(10 * MIB), { query: `${query}&dry_run=true` })).body).toMatchObject({
    acceptable: true,
    rows: 2,
  });
  expect(await upload(s, padded(10 * MIB + 1), { query })).toMatchObject({ status: 413, body: { code: "body_too_large" } });
  for (const type of ["application/json", "text/plain", "text/csv; charset=iso-8859-1", "text", ""])
    expect(await upload(s, full, { query, type })).toMatchObject({ status: 415, body: { code: "unsupported_media_type" } });
  const unreadable: Record<string, string> = {
    "": "no header",
    "license_key,customer_id": "no rows",
    "customer_id\r\ncus_1": "license_key",
    "license_key,colour\r\na,b": '"colour"',
    "license_key,license_key\r\na,b": "twice",
    'license_key\r\n"abc': "does not end",
    'license_key\r\nab"c': "in the middle",
    [`license_key\r\n${"a\r\n".repeat(10_001)}`]: "more than 10000 rows",
    [`license_key\r\n${",".repeat(5000)}`]: "fields",
  };
  for (const [text, why] of Object.entries(unreadable)) {
    const { body } = await upload(s, text, { query });
    expect([body["code"], body["detail"]]).toEqual(["import_unreadable", expect.stringContaining(why)]);
  }
  expect(await rowsIn(s, "operations")).toBe(0);
});

test("an upload sent again under its Idempotency-Key begins once, also where it is larger than any other body", async () => {
  const { s, query } = await offering();
  const text = csv(rowsFor(s, 2)) + "\n".repeat(2 * MIB);
  const [first, second] = [
    await upload(s, text, { query, idempotencyKey: "once" }),
    await upload(s, text, { query, idempotencyKey: "once" }),
  ];
  expect([first.status, second.text, second.headers.get("idempotency-replayed")]).toEqual([202, first.text, "true"]);
  expect((await upload(s, `${text}\n`, { query, idempotencyKey: "once" })).body["code"]).toBe("idempotency_key_reused");
  expect(await rowsIn(s, "operations")).toBe(1);
  // a dry run leaves no effect to be kept, so its key is free for the upload itself
  for (const more of ["&dry_run=true", ""])
    expect(
      (await upload(s, csv(rowsFor(s, 3)), { query: query + more, idempotencyKey: "tried first" })).headers.get(
        "idempotency-replayed",
      ),
    ).toBeNull();
});

test("no key of an upload lies readable anywhere, while it waits and after it was carried out", async () => {
  const { s, query } = await offering();
  const { body } = await upload(s, csv(rowsFor(s, 120)), { query, idempotencyKey: "secret" });
  const tables = await env.DB_00.prepare("select name from sqlite_schema where type = 'table' and name not glob '_cf_*'").all<{
    name: string;
  }>();
  const readable = async () => {
    const found: string[] = [];
    for (const { name } of tables.results) {
      const text = JSON.stringify((await env.DB_00.prepare(`select * from "${name}"`).all()).results);
      if ([1, 60, 120].some((n) => text.includes(oldKey(n)))) found.push(name);
    }
    return found;
  };
  expect(await readable()).toEqual([]);
  await step(s, body["id"]);
  expect(await readable()).toEqual([]);
  await step(s, body["id"]);
  expect(await rowsIn(s, "licenses")).toBe(120);
  expect(await readable()).toEqual([]);
});

test("an import that is canceled stops between two steps, and drops what it had not come to", async () => {
  const { s, query } = await offering();
  const { body } = await upload(s, csv(rowsFor(s, 250)), { query });
  await step(s, body["id"]);
  const canceled = await s.post(`/v1/operations/${body["id"]}/cancel`);
  expect(canceled.body).toMatchObject({
    status: "canceled",
    progress: { done: 100, total: 250 },
    result: { succeeded: 100, skipped: 0, failed: 0 },
  });
  expect(await rowsIn(s, "operation_chunks")).toBe(0);
  expect((await step(s, body["id"])).body).toMatchObject({ status: "canceled", done: 100 });
  expect((await s.post(`/v1/operations/${body["id"]}/cancel`)).body).toEqual(canceled.body);
  expect(await rowsIn(s, "licenses")).toBe(100);
  expect(await s.events("operation.finished")).toHaveLength(1);
});
