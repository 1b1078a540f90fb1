import { mailActivities } from "../../../worker-host/mail/activities.ts";
import type { Play } from "../play.ts";

const CLAIM = "/internal/notices/claim";

export const play: Play = {
  workflow: "sendMail",
  activities: mailActivities,
  ways: {
    continued: {
      timers: "short",
      turns: 2,
      begin: ({ edge }) => {
        for (let n = 0; n < 3; n++) edge.mail.add();
        return {
          args: [{ shard: "00" }],
          rows: () => edge.mail.results.map(({ notice_id, outcome }) => `${notice_id} ${outcome.kind}`).toSorted(),
          // so many rounds that a history has grown long enough for the next to begin
          enough: () => edge.mail.rows.every(({ state }) => state === "sent") && edge.callsOf(CLAIM).length > 12,
        };
      },
      end: { result: "runs", rows: ["ntc_001 accepted", "ntc_002 accepted", "ntc_003 accepted"] },
    },
  },
};
