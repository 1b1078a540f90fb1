import type { Circumstances, Trust } from "../../sdk/verifier/index.ts";
import {
  PARTS,
  FINGERPRINT,
  NOW,
  PRODUCT,
  TENANT,
  T0,
  DAY,
  device,
  keys,
  keyset,
  license,
  licenseClaims,
  named,
  roots,
  statuses,
} from "./world.ts";

/** Files that are taken, every one under the same circumstances, and the messages that they are put together from. */
export type Genuine = {
  trust: Trust;
  how: Circumstances;
  files: string[];
  /** whether a text is nothing but genuine messages, each in the place of its kind: such a file is no forgery */
  isMadeOf(text: string): boolean;
};

/** Files of every shape: with and without a status list, of both roots, an emergency, many claims, JSON with white space. */
export async function genuineFiles(): Promise<Genuine> {
  const keysets = [await keyset(), await keyset({ seq: 4, keys: [await named(), await named({}, keys.second)] }, {}, roots.next)];
  const spacious = JSON.stringify(await licenseClaims(), null, 2);
  const listed = { "1.0.0": { released: T0, allowed: true }, "2.0.0": { released: null, allowed: false } };
  const licenses = [
    await license(),
    await license({ seq: 6, jti: "file-2", dev: { k: 2 }, ver: { restricted: true, unknown: "allow", listed } }),
    await license({}, { payloadText: spacious }),
    await license({ exp: T0 + DAY / 2 }, {}, keys.first, "emergency"),
  ];
  const lists = [await statuses([[4, "revoked"]]), await statuses([[9, "suspended"]], { seq: 8 })];
  const files = keysets.flatMap((set) =>
    licenses.flatMap((each) => [`${set}~${each}`, ...lists.map((list) => `${set}~${each}~${list}`)]),
  );
  return {
    trust: { tenant: TENANT, product: PRODUCT, roots: [roots.current.x, roots.next.x] },
    how: { now: NOW, fingerprint: FINGERPRINT, components: PARTS, deviceKey: device.own.x },
    files,
    isMadeOf: (text) => {
      const [set, each, list, ...more] = text.replace(/\n$/, "").split("~");
      return (
        set !== undefined &&
        each !== undefined &&
        more.length === 0 &&
        keysets.includes(set) &&
        licenses.includes(each) &&
        (list === undefined || lists.includes(list))
      );
    },
  };
}
