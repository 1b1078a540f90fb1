/** A promise that did not come in time. */
export class TooLate extends Error {
  override name = "TooLate";
}

/**
 * What a promise brings within `ms`; throws TooLate after that, and what it throws itself before. The work goes on, which is why whoever
 * began it hands it to `waitUntil`.
 */
export async function within<T>(work: Promise<T>, ms: number, late = `no answer within ${ms} ms`): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLate(late)), ms);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
