import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { proofDigests, proofKey } from "#kernel/digests";
import { shop } from "../shop.ts";

test("the proof of a license key is an Ed25519 key whose public half is the same everywhere", async () => {
  // made apart from this code: HMAC, SHA-512 and the curve's sums in a few lines of Python
  const { x } = await proofKey("ten_example", "issued:7K2Q-M8XT-0V4B-R3ZC-9XWD");
  expect(x).toBe("Zr4ZWzEyEnaCi43dysPGgXT3CqkiKVIqzqjBfCiWwC0");
  expect((await proofKey("ten_other", "issued:7K2Q-M8XT-0V4B-R3ZC-9XWD")).x).not.toBe(x);
});

test("a license is found by the proof of its key, made or imported, and never by another's", async () => {
  const s = await shop();
  const [issued, imported] = [await s.license(), await s.license({}, { license_key: "Legacy-Key-9fQz77LmPw31Xk0oTr5" })];
  const rowOf = async (x: string) => {
    const digests = JSON.stringify(await proofDigests(env, s.tenant.id, x));
    const found = env.DB_00.prepare(
      "select id from licenses where tenant_id = ? and proof_hash in (select value from json_each(?))",
    );
    return found.bind(s.tenant.id, digests).first("id");
  };
  const proofOf = async (form: string, tenant = s.tenant.id) => (await proofKey(tenant, form)).x;
  expect(await rowOf(await proofOf(`issued:${issued["license_key"]}`))).toBe(issued["id"]);
  expect(await rowOf(await proofOf(`imported:${imported["license_key"]}`))).toBe(imported["id"]);
  expect(await rowOf(await proofOf(`imported:${issued["license_key"]}`))).toBe(null);
  expect(await rowOf(await proofOf(`issued:${issued["license_key"]}`, s.tenant.sandbox_id))).toBe(null);
});
