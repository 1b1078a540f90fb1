import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Home } from "./home.ts";
import { writeSecretly } from "./vars.ts";

/** A tenant as the demo knows it. */
export type SeededTenant = {
  id: string;
  secret_key: string;
  publishable_key: string;
  stripe: { webhook_secret: string; hook_url: string };
};

/** What the played main job left behind. */
export type PlayedDemo = {
  order_id: string;
  license_id: string;
  license_key: string;
  fingerprint: string;
  activation_id: string;
  activation_token: string;
};

/** What exists so far. Each step writes down what it made, so that a start that was cut off goes on where it stopped. */
export type SeedState = {
  /** Random; every Idempotency-Key of this home begins with it, so that a step that is repeated makes nothing twice. */
  run: string;
  operator_key?: string;
  operator_key_stored?: boolean;
  tenants?: Record<"live" | "test", Omit<SeededTenant, "stripe">>;
  /** The hook that the Stripe simulator calls for each tenant, counted: a new one is made when ports change. */
  hooks?: Partial<Record<"live" | "test", { link: string; secret: string; made: number }>>;
  /** Which of these each tenant's provider settings name. */
  providers?: Partial<Record<"live" | "test", number>>;
  product_id?: string;
  template_id?: string;
  customer_id?: string;
  webhook_endpoint?: { id: string; secret: string; url: string };
  /** How often the main job was begun; the number is part of its keys. */
  demos?: number;
  demo?: PlayedDemo;
};

/** The state and the way to change it: what is not saved did not happen. */
export type Seed = { state: Readonly<SeedState>; save: (changes: Partial<SeedState>) => Promise<void> };

/** Opens the state of a home, or begins one. */
export async function openSeed(home: Home): Promise<Seed> {
  const before = await readFile(home.seed, "utf8").catch(() => undefined);
  const state: SeedState = before === undefined ? { run: randomBytes(16).toString("base64url") } : JSON.parse(before);
  const seed = {
    state,
    async save(changes: Partial<SeedState>) {
      seed.state = { ...seed.state, ...changes };
      await writeSecretly(home.seed, `${JSON.stringify(seed.state, null, 2)}\n`);
    },
  };
  await seed.save({});
  return seed;
}
