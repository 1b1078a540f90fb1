import { NativeConnection, type NativeConnectionOptions } from "@temporalio/worker";
import { backoffMs, isSaid, pause, START_CEILING_MS } from "../backoff.ts";
import type { TemporalConfig } from "../config.ts";
import { messageOf, type Log } from "../log.ts";
import type { SdkRuntime } from "./runtime.ts";

/** Connects to Temporal, trying for ever: a host that starts first waits. Undefined when the signal aborts before. */
export async function connectTemporal(
  config: TemporalConfig,
  sdk: Pick<SdkRuntime, "begin">,
  log: Log,
  signal: AbortSignal,
): Promise<NativeConnection | undefined> {
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      await sdk.begin();
      return await NativeConnection.connect(connectionOptions(config));
    } catch (error) {
      const retryInMs = backoffMs(failures, START_CEILING_MS);
      if (isSaid(failures))
        log.warn("temporal_unreachable", { address: config.address, error: messageOf(error), retry_in_ms: retryInMs });
      await pause(retryInMs, signal);
    }
  }
  return undefined;
}

/** An API key (Temporal Cloud) implies TLS; client certificates are TLS; a root certificate of one's own goes with either, or alone. */
function connectionOptions({ address, auth, serverRootCa }: TemporalConfig): NativeConnectionOptions {
  const root = serverRootCa === null ? {} : { serverRootCACertificate: serverRootCa };
  if (auth.kind === "api_key") return { address, apiKey: auth.apiKey, tls: root };
  if (auth.kind === "tls") return { address, tls: { ...root, clientCertPair: { crt: auth.cert, key: auth.key } } };
  return serverRootCa === null ? { address } : { address, tls: root };
}
