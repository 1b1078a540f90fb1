import path from "node:path";
import { Client, Connection } from "@temporalio/client";
import { NativeConnection, Worker } from "@temporalio/worker";
import { bundleStories } from "../../worker-host/bundle.ts";
import { clockActivities } from "../../worker-host/clock/activities.ts";
import { openEdge } from "../../worker-host/edge/client.ts";
import { edgeRoutes } from "../../worker-host/edge/routes.ts";
import { licensingActivities } from "../../worker-host/licensing/activities.ts";
import { storiesActivities } from "../../worker-host/stories/activities.ts";
import { openLog } from "../../worker-host/log.ts";
import { clockStories } from "../../worker-host/stories/clocks.ts";
import { registerSearchAttributes } from "../../worker-host/temporal/search-attributes.ts";
import { quietRuntime } from "./engine.ts";

// A worker that a test can kill: the stories that wait for instants, and those that move clocks.
const { EDGE_URL = "", EDGE_SECRET = "", PORT = "" } = process.env;
const address = `127.0.0.1:${PORT}`;
quietRuntime();
const [kid = "", secret = ""] = EDGE_SECRET.split("=");
const edge = edgeRoutes(
  openEdge({ url: new URL(EDGE_URL), secret: { kid: Number(kid), bytes: Buffer.from(secret, "base64url") } }),
);
const client = new Client({ connection: await Connection.connect({ address }) });
const { code } = await bundleStories(path.join(import.meta.dirname, "code", "recorded.ts"));
const connection = await NativeConnection.connect({ address });
await registerSearchAttributes(connection, "default", openLog());
const worker = await Worker.create({
  connection,
  taskQueue: "clocks",
  workflowBundle: { code },
  activities: {
    ...clockActivities({ edge }),
    ...licensingActivities({ edge, failpoint: () => undefined }),
    ...storiesActivities({ edge, stories: clockStories(client), failpoint: () => undefined }),
  },
});
process.send?.("running");
await worker.run();
