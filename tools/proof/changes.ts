import { addressOf, byKey, byToken, elsewhereOnly, heldBy, seatOf, type Held, type Vendor } from "./vendor.ts";
import { clock, type Subject, type Watch } from "./watching.ts";

/** A call of the API by the writer's isolate. */
export type Call = <Answer>(method: "POST" | "PATCH" | "DELETE", path: string, body?: unknown) => Promise<Answer>;

/** What takes something away from somebody, and what gives it back, or to somebody else. */
export type Deed = {
  what: string;
  /** who is refused from then on */
  hits: Subject[];
  bad: (call: Call) => Promise<void>;
  good?: { what: string; do: (call: Call) => Promise<Subject[]> };
};

/** The ground that a deed is done on. */
type Ground = { watch: Watch; vendor: Vendor; held: Held; hit: Subject };

const kinds: Record<string, (ground: Ground) => Omit<Deed, "what"> | Promise<Omit<Deed, "what">>> = {
  "license suspended": ({ watch, vendor, held, hit }) => {
    const hits = [hit, watch.add(`${hit.name} by token`, byToken(vendor, held))];
    return {
      hits,
      bad: (call) => call("POST", `/v1/licenses/${held.id}/suspend`, { reason: "proof" }),
      good: { what: "reinstated", do: after(hits, (call) => call("POST", `/v1/licenses/${held.id}/reinstate`, {})) },
    };
  },
  "license revoked": ({ held, hit }) => ({
    hits: [hit],
    bad: (call) => call("POST", `/v1/licenses/${held.id}/revoke`, { reason: "proof" }),
  }),
  "license canceled": ({ held, hit }) => ({ hits: [hit], bad: (call) => call("POST", `/v1/licenses/${held.id}/cancel`, {}) }),
  "device released": ({ vendor, held, hit }) => ({
    hits: [hit],
    bad: (call) => call("POST", `/v1/activations/${held.activationId}/deactivate`, {}),
    good: {
      what: "activated",
      do: after([hit], async () => void (await seatOf(vendor, held.licenseKey, held.fingerprint))),
    },
  }),
  "device blacklisted": ({ held, hit }) => blacklisted(hit, { fingerprint: held.fingerprint }),
  "address blacklisted": ({ held, hit }) => blacklisted(hit, { ip_range: `${addressOf(held.fingerprint)}/32` }),
  "restrictions patched": ({ held, hit }) => ({
    hits: [hit],
    bad: (call) => call("PATCH", `/v1/licenses/${held.id}`, { restrictions: elsewhereOnly }),
    good: { what: "lifted", do: after([hit], (call) => call("PATCH", `/v1/licenses/${held.id}`, { restrictions: [] })) },
  }),
  "template changed": ({ vendor: { templateIds }, held, hit }) => {
    const to = (id: string) => (call: Call) => call<void>("POST", `/v1/licenses/${held.id}/change_template`, { template_id: id });
    return {
      hits: [hit],
      bad: to(templateIds.elsewhere),
      good: { what: "changed back", do: after([hit], to(templateIds.here)) },
    };
  },
  "license key replaced": ({ watch, vendor, held, hit }) => {
    let licenseKey = "";
    return {
      hits: [hit],
      bad: async (call) => {
        const path = `/v1/licenses/${held.id}/regenerate_key`;
        licenseKey = (await call<{ license_key: string }>("POST", path, {})).license_key;
      },
      good: {
        what: "asked by the new one",
        do: async () => [watch.add(`${hit.name}, new key`, byKey(vendor, { ...held, licenseKey }))],
      },
    };
  },
  "API key revoked": async ({ watch, vendor, held, hit }) => {
    const newKey = () => vendor.api.post<{ id: string; secret: string }>("/v1/api_keys", { name: "Proof", kind: "publishable" });
    const key = await newKey();
    const withKey = (secret: string) => ({ ...byKey(vendor, held), key: secret });
    return {
      hits: [watch.add(`${hit.name} by a key of its own`, withKey(key.secret))],
      bad: (call) => call("DELETE", `/v1/api_keys/${key.id}`),
      good: {
        what: "another one made",
        do: async () => [watch.add(`${hit.name} by another key`, withKey((await newKey()).secret))],
      },
    };
  },
};

function blacklisted(hit: Subject, what: Record<string, string>): Omit<Deed, "what"> {
  let id = "";
  return {
    hits: [hit],
    bad: async (call) => {
      ({ id } = await call<{ id: string }>("POST", "/v1/devices/blacklist", { ...what, reason: "proof" }));
    },
    good: { what: "taken off the list", do: after([hit], (call) => call("DELETE", `/v1/devices/blacklist/${id}`)) },
  };
}

/** A good deed that is done to those who were hit: from its acknowledgement on they are allowed. */
const after = (subjects: Subject[], deed: (call: Call) => Promise<void>) => async (call: Call) => {
  await deed(call);
  return subjects;
};

/** One deed of each kind, each on a license of its own. */
export async function deedsOf(watch: Watch, vendor: Vendor): Promise<Deed[]> {
  const deeds: Deed[] = [];
  for (const [what, deed] of Object.entries(kinds)) {
    const held = await heldBy(vendor);
    const hit = watch.add(`${what} (${vendor.name})`, byKey(vendor, held));
    deeds.push({ what, ...(await deed({ watch, vendor, held, hit })) });
  }
  return deeds;
}

/** The end of a tenant: everybody is refused who was allowed. So many are waited for: asking all of them again and again would take too long. */
export function closing(watch: Watch, vendor: Vendor, closed: (id: string) => Promise<void>): Deed {
  const allowed = watch.subjects.filter(({ name, expected }) => name.includes(`(${vendor.name})`) && expected.what === "allowed");
  const [hits, others] = [allowed.slice(0, 3), allowed.slice(3)];
  return {
    what: "tenant closed",
    hits,
    bad: async () => {
      for (const other of others) watch.expect(other, "either");
      await closed(vendor.id);
      for (const other of others) watch.expect(other, "refused");
    },
  };
}

/** What came of a deed: by isolate, how long after its acknowledgement it first refused; and the first answers after the good deed. */
export type Done = { what: string; refusedAfterMs: number[]; goodFirst: { asked: number; valid: number } | null };

/** How long a refusal is waited for at most. */
const PATIENCE_MS = 20_000;

/** Does a deed, and waits until every isolate has refused all whom it hits; then the good one. */
export async function done(watch: Watch, isolates: number, deed: Deed, { call, rest }: Doing): Promise<Done> {
  const { what, hits, bad, good } = deed;
  for (const hit of hits) {
    watch.focus.add(hit);
    watch.expect(hit, "either");
  }
  await bad(call);
  const doneAt = clock();
  for (const hit of hits) watch.expect(hit, "refused");
  const refusedBy = (isolate: number) => hits.every(({ refusedAt }) => refusedAt[isolate] !== undefined);
  const all = Array.from({ length: isolates }, (_, isolate) => isolate);
  while (!all.every(refusedBy) && clock() - doneAt < PATIENCE_MS) await rest(10);
  const latest = (isolate: number) =>
    Math.max(...hits.map(({ refusedAt }) => (refusedAt[isolate] ?? Number.POSITIVE_INFINITY) - doneAt));
  const refusedAfterMs = all.map((isolate) => Math.max(0, latest(isolate)));
  // whoever refused must go on refusing
  await rest(700);
  let goodFirst: Done["goodFirst"] = null;
  if (good) {
    for (const hit of hits) watch.focus.delete(hit);
    const gifted = await givenBack(watch, hits, () => good.do(call));
    const first = (await Promise.all(gifted.map((each) => watch.askEach(each)))).flat();
    goodFirst = { asked: first.length, valid: first.filter(({ valid }) => valid).length };
  }
  for (const hit of hits) watch.focus.delete(hit);
  return { what, refusedAfterMs, goodFirst };
}

/** How deeds are done: by which calls, and how to wait. */
export type Doing = { call: Call; rest: (ms: number) => Promise<unknown> };

/** While a good deed is under way those who were hit may get either answer; those who stay hit go on being refused. */
async function givenBack(watch: Watch, hits: readonly Subject[], deed: () => Promise<Subject[]>): Promise<Subject[]> {
  const before = hits.map(({ expected, refusedAt }) => ({ expected, refusedAt }));
  for (const hit of hits) watch.expect(hit, "either");
  const gifted = await deed();
  hits.forEach((hit, n) => {
    if (!gifted.includes(hit)) Object.assign(hit, before[n]);
  });
  for (const each of gifted) watch.expect(each, "allowed");
  return gifted;
}
