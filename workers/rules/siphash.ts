/** A secret of 128 bits, as four words. */
export type SipKey = readonly [number, number, number, number];

/**
 * SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012) over the UTF-16 units of a text, low bytes first; told in 24 characters of
 * ASCII, six bits each. Who does not know the secret can neither tell what was hashed nor find two texts that fall together.
 */
export function sipHash(text: string, [k0, k1, k2, k3]: SipKey): string {
  // four words of 64 bits, of each the low half and the high half
  let [a, A, b, B] = [k0 ^ 0x70736575, k1 ^ 0x736f6d65, k2 ^ 0x6e646f6d ^ 0xee, k3 ^ 0x646f7261];
  let [c, C, d, D] = [k0 ^ 0x6e657261, k1 ^ 0x6c796765, k2 ^ 0x79746573, k3 ^ 0x74656462];
  const { length } = text;
  const blocks = length >> 2;
  let first = "";
  for (let step = 0; step < blocks + 3; step++) {
    let m = 0;
    let M = 0;
    let rounds = 2;
    if (step < blocks) {
      const at = 4 * step;
      m = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16);
      M = text.charCodeAt(at + 2) | (text.charCodeAt(at + 3) << 16);
    } else if (step === blocks) {
      const rest = length - 4 * blocks;
      if (rest > 0) m = text.charCodeAt(length - rest);
      if (rest > 1) m |= text.charCodeAt(length - rest + 1) << 16;
      if (rest > 2) M = text.charCodeAt(length - 1);
      M |= (2 * length) << 24;
    } else if (step === blocks + 1) {
      c ^= 0xee;
      rounds = 4;
    } else {
      first = told(a ^ b ^ c ^ d, A ^ B ^ C ^ D);
      b ^= 0xdd;
      rounds = 4;
    }
    d ^= m;
    D ^= M;
    while (rounds-- > 0) {
      let low = (a + b) | 0;
      A = (A + B + carry(low, b)) | 0;
      a = low;
      low = ((b << 13) | (B >>> 19)) ^ a;
      B = ((B << 13) | (b >>> 19)) ^ A;
      b = low;
      low = (c + d) | 0;
      C = (C + D + carry(low, d)) | 0;
      c = low;
      low = ((d << 16) | (D >>> 16)) ^ c;
      D = ((D << 16) | (d >>> 16)) ^ C;
      d = low;
      // the first word's halves have changed places by now
      low = (A + d) | 0;
      A = (a + D + carry(low, d)) | 0;
      a = low;
      low = ((d << 21) | (D >>> 11)) ^ a;
      D = ((D << 21) | (d >>> 11)) ^ A;
      d = low;
      low = (c + b) | 0;
      const high = (C + B + carry(low, b)) | 0;
      C = low;
      c = high;
      low = ((b << 17) | (B >>> 15)) ^ C;
      B = ((B << 17) | (b >>> 15)) ^ c;
      b = low;
    }
    a ^= m;
    A ^= M;
  }
  return first + told(a ^ b ^ c ^ d, A ^ B ^ C ^ D);
}

/** What the sum of two low halves carries over. */
const carry = (sum: number, part: number): number => (sum >>> 0 < part >>> 0 ? 1 : 0);

/** 64 bits as twelve characters between `0` and `o`, of each half the lowest bits first. */
const told = (low: number, high: number): string =>
  String.fromCharCode(
    48 + (low & 63),
    48 + ((low >>> 6) & 63),
    48 + ((low >>> 12) & 63),
    48 + ((low >>> 18) & 63),
    48 + ((low >>> 24) & 63),
    48 + (low >>> 30),
    48 + (high & 63),
    48 + ((high >>> 6) & 63),
    48 + ((high >>> 12) & 63),
    48 + ((high >>> 18) & 63),
    48 + ((high >>> 24) & 63),
    48 + (high >>> 30),
  );
