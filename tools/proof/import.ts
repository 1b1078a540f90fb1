import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { silent, type Say } from "../say.ts";
import { type Api, apiAt } from "../start/api.ts";
import { homeAt } from "../start/home.ts";
import { portsFrom } from "../start/ports.ts";
import { startAll, type Started } from "../start/start-all.ts";
import { recordProof, type Finding } from "./record.ts";

const ROWS = 10_000;
const BASE_PORT = 18_700;
const LOOKUPS_AT_ONCE = 16;
const ABOUT =
  "Ten thousand licenses of another vendor in one upload, on an installation of its own (the edge in workerd, D1, Temporal, the worker host), while the worker host and the edge are killed in the middle of it.";

type Row = { license_key: string; external_id: string };
type Operation = { id: string; status: string; progress: { done: number; total: number }; result: Record<string, number> | null };
type License = { id: string; external_id: string | null };

/** Imports ten thousand keys with kills in between, and asks for each of them afterwards. */
export async function proveImport(say: Say): Promise<void> {
  say.progress("starting an installation of its own …");
  const plan = { home: homeAt(".latchkey/proof"), ports: () => portsFrom(BASE_PORT), reset: true, say: silent, demo: true };
  const installed = await startAll(plan);
  try {
    await importWithKills(installed, say);
  } finally {
    await installed.stop();
  }
}

async function importWithKills(installed: Started, say: Say): Promise<void> {
  const { dev } = installed;
  const api = apiAt(dev.edge_url, dev.tenant.secret_key);
  const rows = Array.from({ length: ROWS }, (_, n): Row => ({ license_key: oldKey(n), external_id: `old-${n}` }));
  const text = csvOf(rows, dev.demo.customer_id);
  const after = await newestEvent(api);

  say.progress("asking for the report …");
  const dry = await upload(installed, text, "&dry_run=true");
  const begun = await upload(installed, text);
  const startedAt = Date.now();
  const operation = await followed(installed, api, String(begun.body["id"]), say);
  const tookMs = Date.now() - startedAt;

  say.progress("looking every key up …");
  const found = await lookUpAll(api, rows, say);
  const { created, finished } = await eventsAfter(api, after);
  const again = await upload(installed, text);

  const findings: Finding[] = [
    {
      claim: "worker host and edge were killed on the way",
      seen: operation.killed.join(", "),
      holds: operation.killed.length === 2,
    },
    {
      claim: "the dry run finds nothing against it",
      seen: `${String(dry.body["valid"])} of ${ROWS} rows valid`,
      holds: dry.body["acceptable"] === true,
    },
    {
      claim: "every row became a license",
      seen: JSON.stringify(operation.result),
      holds: operation.status === "succeeded" && operation.result?.["succeeded"] === ROWS,
    },
    { claim: "every key finds the license of its row", seen: `${found.right} of ${ROWS}`, holds: found.right === ROWS },
    { claim: "no two keys find the same license", seen: `${found.licenses} licenses`, holds: found.licenses === ROWS },
    {
      claim: "each was told once",
      seen: `${created} events license.created, ${finished} operation.finished`,
      holds: created === ROWS && finished === 1,
    },
    {
      claim: "the same upload again is refused",
      seen: `${again.status} ${String(again.body["code"])}`,
      holds: again.body["code"] === "import_conflicts",
    },
  ];
  const mib = (Buffer.byteLength(text) / 1024 / 1024).toFixed(2);
  await recordProof({ name: "import", about: ABOUT, say }, findings, [
    `the upload: ${ROWS} rows, ${mib} MiB of CSV`,
    `the report (dry run): ${seconds(dry.ms)}`,
    `until the operation was accepted, everything checked and sealed: ${seconds(begun.ms)}`,
    `until every license was there, with the worker host killed at a quarter and the edge at half: ${seconds(tookMs)}`,
  ]);
  say.line(`report ${seconds(dry.ms)}, accepted in ${seconds(begun.ms)}, carried out in ${seconds(tookMs)}`);
}

/** Waits for the end of an operation, and kills the worker host at a quarter and the edge at half of it. */
async function followed(installed: Started, api: Api, id: string, say: Say): Promise<Operation & { killed: string[] }> {
  const killed: string[] = [];
  const kills = [
    { at: 0.25, part: "host" as const },
    { at: 0.5, part: "edge" as const },
  ];
  for (;;) {
    const operation = await api.get<Operation>(`/v1/operations/${id}`).catch(() => undefined); // the edge may be away
    if (operation && operation.status !== "running") return { ...operation, killed };
    const { done, total } = operation?.progress ?? { done: 0, total: ROWS };
    say.progress(`${done} of ${total} rows are imported …`);
    const [next] = kills;
    if (next && operation && done / total >= next.at) {
      kills.shift();
      await installed.part(next.part).kill();
      killed.push(`${next.part} at ${done}`);
    }
    await pause(100);
  }
}

async function upload(
  { dev }: Started,
  text: string,
  more = "",
): Promise<{ status: number; body: Record<string, unknown>; ms: number }> {
  const startedAt = Date.now();
  const answer = await fetch(`${dev.edge_url}/v1/licenses/import?template_id=${dev.demo.template_id}${more}`, {
    method: "POST",
    headers: { authorization: `Bearer ${dev.tenant.secret_key}`, "content-type": "text/csv" },
    body: text,
  });
  const body: Record<string, unknown> = await answer.json();
  return { status: answer.status, body, ms: Date.now() - startedAt };
}

async function lookUpAll(api: Api, rows: readonly Row[], say: Say): Promise<{ right: number; licenses: number }> {
  const licenses = new Set<string>();
  let [next, right] = [0, 0];
  const looker = async (): Promise<void> => {
    for (let row = rows[next++]; row; row = rows[next++]) {
      const license = await api.post<License>("/v1/licenses/lookup", { license_key: row.license_key });
      licenses.add(license.id);
      if (license.external_id === row.external_id) right++;
      say.progress(`${right} of ${rows.length} keys found …`);
    }
  };
  await Promise.all(Array.from({ length: LOOKUPS_AT_ONCE }, looker));
  return { right, licenses: licenses.size };
}

type Fact = { seq: number; type: string };

async function eventsAfter(api: Api, seq: number): Promise<{ created: number; finished: number }> {
  const types: string[] = [];
  for (let after = seq; ;) {
    const { data } = await api.get<{ data: Fact[] }>(`/v1/events?after=${after}&limit=100`);
    types.push(...data.map(({ type }) => type));
    after = data.at(-1)?.seq ?? after;
    if (data.length < 100) break;
  }
  const count = (wanted: string) => types.filter((type) => type === wanted).length;
  return { created: count("license.created"), finished: count("operation.finished") };
}

async function newestEvent(api: Api): Promise<number> {
  const { data } = await api.get<{ data: Fact[] }>("/v1/events?limit=1");
  return data[0]?.seq ?? 0;
}

/** A key as another system would have made it. */
const oldKey = (n: number) => `OLD-${n.toString().padStart(5, "0")}-${randomBytes(12).toString("base64url")}`;

function csvOf(rows: readonly Row[], customerId: string): string {
  const lines = rows.map(
    (row) => `${row.license_key},${customerId},${row.external_id},"Person, ${row.external_id}",2099-01-01T00:00:00Z,spring`,
  );
  return ["license_key,customer_id,external_id,issued_to,expires_at,metadata.batch", ...lines].join("\r\n");
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
