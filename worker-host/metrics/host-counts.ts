import type { Metric } from "#rules/cache/metrics";
import type { MailOutcome, SendOutcome } from "../edge/routes.ts";
import type { HostState } from "../health.ts";
import type { Postman } from "../mail/postman.ts";
import type { Send } from "../outbound/send.ts";

/** The kinds of stories that a sweep looks after; each has its series from the beginning, because one that is born with its first count hides it from `increase()`. */
const SWEPT_KINDS = ["fulfill_order", "run_operation", "recover_endpoint", "advance_clock"];

/** What the host counts of its own work since it began. */
export class HostCounts {
  readonly #claims = new Map<string, number>();
  readonly #events = new Map<string, number>();
  readonly #mails = new Map<MailOutcome["kind"], number>();
  readonly #deliveries = new Map<DeliveryOutcome, number>();
  readonly #found = new Map<string, number>(SWEPT_KINDS.map((kind) => [kind, 0]));
  /** null: not known yet */
  #mailProblem: boolean | null = null;

  /** A claim of a shard's relay was answered, with so many events. */
  claimed(shard: string, events: number): void {
    add(this.#claims, shard, 1);
    add(this.#events, shard, events);
  }

  /** The same sending, counted by how it ended. */
  counting(send: Send): Send {
    return async (delivery, signal) => {
      const outcome = await send(delivery, signal);
      add(this.#deliveries, deliveryOutcome(outcome), 1);
      return outcome;
    };
  }

  /** A sweep started a story of this kind that was missing. */
  found(kind: string): void {
    add(this.#found, kind, 1);
  }

  /** The same postman, counted by how each mail ended, and watched for whether mail goes out at all. */
  countingMail(postman: Postman): Postman {
    return {
      state: async () => {
        const state = await postman.state();
        this.#mailProblem = state.problem !== null;
        return state;
      },
      send: async (mail) => {
        const result = await postman.send(mail);
        add(this.#mails, result.outcome.kind, 1);
        return result;
      },
    };
  }

  /** The host's metrics, named without a prefix. */
  metrics(state: HostState, now: Date): Metric[] {
    const shards = state.shards ?? [];
    const counter = (name: string, help: string, label: string, counts: Map<string, number>): Metric => {
      const samples = [...counts].map(([value, count]) => ({ values: [value], value: count }));
      return { type: "counter", name, help, labels: [label], samples };
    };
    const ages = shards.flatMap((shard) => {
      const at = state.lastClaims.get(shard);
      return at ? [{ values: [shard], value: (now.getTime() - at.getTime()) / 1000 }] : [];
    });
    return [
      counter("relay_claims_total", "Claims for events that the edge answered, by shard", "shard", this.#claims),
      counter("relay_events_total", "Events that those claims brought, by shard", "shard", this.#events),
      counter("deliveries_total", "Webhook deliveries sent, by how they ended", "outcome", this.#deliveries),
      counter("mails_total", "Attempts to send a mail, by how they ended", "outcome", this.#mails),
      counter("lifecycle_found_total", "Stories that sweeps started since they were missing, by kind", "kind", this.#found),
      {
        type: "gauge",
        name: "mail_problem",
        help: "1 while the mail transport does not take mail, or none is configured; missing until it was asked",
        labels: [],
        samples: this.#mailProblem === null ? [] : [{ values: [], value: this.#mailProblem ? 1 : 0 }],
      },
      {
        type: "gauge",
        name: "last_claim_age_seconds",
        help: "Time since the edge last answered a claim, by shard; missing until it first did",
        labels: ["shard"],
        samples: ages,
      },
      {
        type: "gauge",
        name: "worker_running",
        help: "1 while the Temporal worker runs",
        labels: [],
        samples: [{ values: [], value: state.worker === "running" ? 1 : 0 }],
      },
    ];
  }
}

type DeliveryOutcome = "accepted" | "refused" | "blocked" | "unanswered";

function deliveryOutcome(outcome: SendOutcome): DeliveryOutcome {
  if (outcome.kind === "failed") return outcome.error === "blocked" ? "blocked" : "unanswered";
  return outcome.status >= 200 && outcome.status < 300 ? "accepted" : "refused";
}

function add<Name>(counts: Map<Name, number>, name: Name, by: number): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}
