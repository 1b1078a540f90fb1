import { setTimeout as pause } from "node:timers/promises";
import { openLine, type Line } from "../bench/load.ts";

/** What a program asks again and again. */
export type Question = { path: string; key: string; body: Readonly<Record<string, string>>; ip: string; country: string };

/** One answer: when it was asked for and came, in milliseconds of the clock, and what it said. `ageMs`: what it says of its own age. */
export type Seen = {
  isolate: number;
  sentAt: number;
  at: number;
  status: number;
  valid: boolean;
  stale: boolean;
  ageMs: number | null;
  text: string;
};

/** What must be answered from an instant on; `either` while a change is under way, or where nobody judges. */
type Expected = { what: "allowed" | "refused" | "either"; since: number };

/** A question whose answers are judged. `refusedAt`: by isolate, when it first refused after the change. */
export type Subject = { name: string; question: Question; expected: Expected; refusedAt: (number | undefined)[] };

/** No answer may come from before a change for longer than this. */
export const BOUND_MS = 10_000;

const CONNECTIONS = 4;
const REST_MS = 25;
/** Clocks of two processes, of which one rounds down to milliseconds. */
const CLOCKS_DIFFER_MS = 5;

/** The clock, in milliseconds with fractions. */
export const clock = (): number => performance.timeOrigin + performance.now();

/** Steady questions to every isolate, and the judgement of each answer. */
export class Watch {
  readonly subjects: Subject[] = [];
  /** what is asked more often, because it is being changed */
  readonly focus = new Set<Subject>();
  readonly faults: string[] = [];
  /** takes every answer that came to a subject of which either is expected */
  onSeen: ((seen: Seen, subject: Subject) => void) | null = null;
  answers = 0;
  /** answers from before a change, after it was acknowledged, each of which said truly how old it was */
  fromBefore = 0;
  readonly latenciesMs: number[] = [];
  readonly #urls: readonly URL[];
  #over = false;
  #work: Promise<unknown> | undefined;

  constructor(urls: readonly URL[]) {
    this.#urls = urls;
  }

  add(name: string, question: Question, what: Expected["what"] = "allowed"): Subject {
    const subject: Subject = { name, question, expected: { what, since: clock() }, refusedAt: [] };
    this.subjects.push(subject);
    return subject;
  }

  expect(subject: Subject, what: Expected["what"]): void {
    subject.expected = { what, since: clock() };
    subject.refusedAt = [];
  }

  start(): void {
    const lines = this.#urls.flatMap((_, isolate) => Array.from({ length: CONNECTIONS }, (__, n) => this.#asking(isolate, n)));
    this.#work = Promise.all(lines);
    // it is awaited at the end; what breaks before is thrown there
    this.#work.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#over = true;
    await this.#work;
  }

  /** Asks each isolate once, now. */
  async askEach(subject: Subject): Promise<Seen[]> {
    return Promise.all(
      this.#urls.map(async (url, isolate) => {
        const line = await openLine({ host: url.hostname, port: Number(url.port) });
        try {
          return await this.#ask(line, isolate, subject, true);
        } finally {
          line.close();
        }
      }),
    );
  }

  async #asking(isolate: number, n: number): Promise<void> {
    const url = this.#urls[isolate];
    const line = await openLine({ host: url?.hostname ?? "", port: Number(url?.port) });
    try {
      for (let turn = n * 7; !this.#over; turn++) {
        const focus = turn % 2 === 0 ? [...this.focus] : [];
        const among = focus.length > 0 ? focus : this.subjects;
        const subject = among[(turn >> 1) % among.length];
        if (subject && isRested(subject)) continue;
        if (subject) await this.#ask(line, isolate, subject, turn % 4 < 2);
        await pause(REST_MS);
      }
    } finally {
      line.close();
    }
  }

  async #ask(line: Line, isolate: number, subject: Subject, withNonce: boolean): Promise<Seen> {
    const isFresh = withNonce && "license_key" in subject.question.body; // a question by a token has no nonce
    const sentAt = clock();
    const answer = await line.ask(bytesOf(subject.question, isFresh ? String(Math.random()) : undefined));
    const at = clock();
    const text = answer.text().slice(4);
    const body = JSON.parse(text) as { valid?: boolean; stale?: boolean; snapshot_age_ms?: number };
    const ageMs = isFresh ? (body.snapshot_age_ms ?? null) : null; // without a nonce it says how old it was when it was made
    const { status } = answer;
    const seen = { isolate, sentAt, at, status, valid: body.valid === true, stale: body.stale === true, ageMs, text };
    this.answers++;
    this.latenciesMs.push(at - sentAt);
    this.#judge(subject, seen);
    return seen;
  }

  #judge(subject: Subject, seen: Seen): void {
    const { what, since } = subject.expected;
    const { isolate, sentAt, at, status, valid, stale, ageMs } = seen;
    if (what === "either") {
      this.onSeen?.(seen, subject);
      return;
    }
    const fault = (how: string) =>
      this.faults.push(`${how}: ${subject.name}, isolate ${isolate}: ${status} ${seen.text.slice(0, 300)}`);
    if (status !== 200 && status !== 401) fault("not answered");
    if (stale) fault("stale, though everything lives");
    if (sentAt < since) {
      // the question came before the change was acknowledged, and may see either; a refusal shows all the same that it is known here
      if (what === "refused" && !valid) subject.refusedAt[isolate] ??= at;
      return;
    }
    if (what === "allowed") {
      if (!valid) fault("refused after a good deed");
      return;
    }
    if (!valid) {
      subject.refusedAt[isolate] ??= at;
      return;
    }
    this.fromBefore++;
    if (at - since > BOUND_MS) fault(`allowed ${Math.round(at - since)} ms after the change`);
    if (sentAt > (subject.refusedAt[isolate] ?? Number.POSITIVE_INFINITY)) fault("allowed again after a refusal");
    if (ageMs !== null && ageMs + CLOCKS_DIFFER_MS < sentAt - since)
      fault(`says it is ${ageMs} ms old, ${Math.round(sentAt - since)} ms after the change`);
  }
}

/** Who is refused for good by now is asked now and then only: each refusal is read of the database again. */
const isRested = ({ expected }: Subject) =>
  expected.what === "refused" && clock() - expected.since > BOUND_MS && Math.random() < 0.9;

function bytesOf({ path, key, body, ip, country }: Question, nonce: string | undefined): Buffer {
  const text = JSON.stringify(nonce === undefined ? body : { ...body, nonce });
  const lines = [
    `POST ${path} HTTP/1.1`,
    "host: proof.example",
    `authorization: Bearer ${key}`,
    `x-latchkey-ip: ${ip}`,
    `x-latchkey-country: ${country}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(text)}`,
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${text}`);
}
