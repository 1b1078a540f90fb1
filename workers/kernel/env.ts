/** The bindings and variables of wrangler.toml (types/env.d.ts is generated from it by `npm run types`). */
export type Env = Cloudflare.Env;
