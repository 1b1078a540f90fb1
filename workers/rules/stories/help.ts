import type { StoryState } from "./states.ts";

/** What of a story says what would help it. */
export type Troubled = { kind: string; state: StoryState; errorCode: string | null; waitsFor: string | null };

/** What helps against an error, whatever story it befell. */
const AGAINST: Readonly<Record<string, string>> = {
  bad_signature:
    "Check that the host and the edge share LATCHKEY_INTERNAL_SECRETS and that their clocks agree within a minute; it goes on by itself then.",
  tenant_gone: "Nothing: its tenant was closed, so there is nothing left to do.",
  rate_limited: "Nothing: it goes on when the limits let it; raise them if this comes often.",
  idempotency_in_flight: "Nothing: the same work is under way, and it looks again in a moment.",
  changed_meanwhile: "Nothing: others were faster, and it tries again in a moment.",
  temporarily_unavailable: "Look whether the database of the edge answers; it goes on by itself when it does.",
  internal_error: "Look into the log of the edge for the request that failed, mend what it tells, and retry.",
  EdgeUnreachable: "Look whether the edge runs and the host reaches it (LATCHKEY_EDGE_URL); it goes on by itself when it does.",
  mail_server_away:
    "Look whether the mail server answers and lets the host in (GET /v1/mail/status says why); mail waits, nothing is used up, and it goes on by itself.",
  no_worker: "Start a worker host, or look into the log of the one that runs: none takes this story up.",
  task_timed_out: "Look into the log of the worker host: its step came to no end, or the host died in it; it is begun again.",
  timeout: "Look at what it asks for: that takes too long, or hangs; it goes on by itself when that answers.",
  terminated: "Ask who ended it by hand, and why; retry begins it anew.",
  DeterminismViolationError:
    "Deploy the version of the stories that this one began with, or mend the new one so that it replays; then retry.",
};

/** What becomes of a story of a kind that waits. */
const WAITING: Readonly<Record<string, string>> = {
  advance_clock: "Look at the story that the clock waits for: it has to go on first.",
  archive_activations:
    "Nothing: what was released is archived when it is old enough, by the tenant's settings; skip_wait has it ask them anew.",
  recover_endpoint: "Bring the endpoint back: the next try finds out by itself, and skip_wait tries it at once.",
};

/** What helps where a story keeps failing, and its error says no more. */
const FAILING: Readonly<Record<string, string>> = {
  fulfill_order: "Mend what the error tells, then retry: it goes on where it stands, and no license is issued twice.",
  run_operation: "Mend what the error tells, then retry: it goes on where it stands; or give it up, and what is done stays done.",
  recover_endpoint: "Bring the endpoint back, then retry; or give it up, and it is disabled with its queue kept.",
  deliver_webhooks: "Mend what the error tells: webhooks of the whole shard wait, and are sent when it goes on.",
  send_mail: "Mend what the error tells: mails of the whole shard wait, and are sent when it goes on.",
  archive_activations: "Mend what the error tells, then retry: it goes on where it stands. Released seats wait where they are.",
  advance_clock: "Mend what the error tells, then retry, or advance the clock again.",
  release_clock: "Mend what the error tells, then retry: stories of the sandbox wait until each was told that its time runs on.",
};

/** What would help a story, in a sentence. */
export function helpOf({ kind, state, errorCode, waitsFor }: Troubled): string {
  if (state === "ended") return "Nothing: it is over.";
  if (state === "working") return "Nothing: it is at work.";
  if (state === "waiting") {
    const whatever = waitsFor === null ? "Nothing: it goes on by itself." : "Nothing: it goes on by itself when that has come.";
    return told(WAITING, kind) ?? whatever;
  }
  return byCode(errorCode) ?? told(FAILING, kind) ?? "Mend what the error tells, then retry.";
}

function byCode(code: string | null): string | undefined {
  if (code === null) return undefined;
  if (/^http_5\d\d$/.test(code)) return AGAINST["EdgeUnreachable"];
  return told(AGAINST, code);
}

const told = (sentences: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(sentences, name) ? sentences[name] : undefined;
