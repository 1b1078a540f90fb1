import type { Asked } from "#db/licensing/asked";
import type { KnownCaller } from "#db/tenants/callers";
import type { Usage } from "#rules/entitlements/counting";
import type { Change, Stamp, Subjects } from "#rules/hot/knowledge";
import type { DecisionCode } from "#rules/licensing/reasons";
import type { Mould } from "./mould.ts";
import { Store, type Kept } from "./store.ts";
import { Variety } from "./variety.ts";
import { View } from "./view.ts";

/** Who calls, as it was read; when it is read again the same entry is filled anew, for all who hold it. */
export type CallerEntry = Kept & {
  /** what this isolate calls the API key, which itself it does not keep */
  name: string;
  known: KnownCaller;
  view: View;
  stamp: Stamp;
  readAt: number;
};

/** A decision for who asks the same again within some seconds: as it was answered without a nonce, and cut for who brings one. */
export type Answered = {
  inputs: string;
  /** who called as it was known then: its clock, its settings and what signs for it */
  by: KnownCaller;
  code: DecisionCode;
  /** null where nobody asked without a nonce yet */
  text: string | null;
  decision: Mould;
  claims: Mould;
  /** the product that the token is for */
  audience: string | null;
  /** what signs it, once the first of them was signed */
  signer: { kid: string; key: CryptoKey; head: string } | null;
  until: number;
};

/** A license as somebody asked for it, with all that an answer to the same question needs. */
export type LicenseEntry = Kept & {
  caller: CallerEntry;
  asked: Asked;
  stamp: Stamp;
  subjects: Subjects;
  /** more is in use than the license has */
  crowded: boolean;
  readAt: number;
  /** the request that it was read for, by its place among those of this isolate */
  arrival: number;
  /** what was used of its quotas, by feature, and when that was asked for (real time); null where nobody asked */
  usages: { byFeature: ReadonlyMap<string, Usage>; readAt: number; uses: number } | null;
  /** the address that it was asked from, where that mattered; undefined where it did not */
  from: string | null | undefined;
  /** the last valid decision, for who asks the same again */
  answered: Answered | null;
};

const MiB = 1024 * 1024;
/** What an isolate keeps at most, of the 128 MiB that it has for everything. */
const LICENSES = { entries: 50_000, bytes: 32 * MiB };
const CALLERS = { entries: 5_000, bytes: 8 * MiB };
const MOST_USES = 10_000;

/** Everything that one isolate keeps between requests. It may vanish at any moment. */
export class Memory {
  readonly callers: Store<CallerEntry>;
  readonly licenses: Store<LicenseEntry>;
  /** how many requests came so far */
  arrivals = 0;
  /** reads that are under way, for others who ask the same meanwhile */
  readonly flights = new Map<string, Promise<unknown>>();
  /** how often in a row the database of a shard did not answer, and until when it is left alone; milliseconds of real time */
  readonly pauses = new Map<string, { lateInARow: number; until: number }>();
  /** when this isolate last wrote a key of the second tier */
  readonly written = new Map<string, number>();
  /** how often something was used here of a license's quotas; those that are not counted apart count together */
  readonly #uses = new Map<string, number>();
  #allUses = 0;
  readonly #views = new Map<string, View>();
  /** in how many ways that anybody can make up licenses are kept here */
  readonly variety = new Variety();

  constructor({ licenses = LICENSES, callers = CALLERS } = {}) {
    this.licenses = new Store(licenses);
    this.callers = new Store(callers);
  }

  /** What is known of the changes of a shard that has a database. */
  view(shard: string): View {
    let known = this.#views.get(shard);
    if (known === undefined) this.#views.set(shard, (known = new View(shard)));
    return known;
  }

  /** Takes in what this isolate itself has committed, so that whoever asks here next sees it. */
  note(shard: string, changes: readonly Change[]): void {
    const knowledge = this.#views.get(shard)?.knowledge;
    for (const change of changes) knowledge?.note(change);
  }

  /** Notes that something of a license's quotas was used here. */
  noteUse(licenseId: string): void {
    if (this.#uses.size >= MOST_USES) {
      this.#uses.clear();
      this.#allUses += 1_000_000;
    }
    this.#uses.set(licenseId, (this.#uses.get(licenseId) ?? 0) + 1);
  }

  /** A number that is another one after each use. */
  usesOf(licenseId: string): number {
    return this.#allUses + (this.#uses.get(licenseId) ?? 0);
  }

  clear(): void {
    this.callers.clear();
    this.licenses.clear();
    this.#views.clear();
    for (const map of [this.flights, this.pauses, this.written]) map.clear();
    this.variety.clear();
  }
}

/** The memory of this isolate. */
export const memory = new Memory();
