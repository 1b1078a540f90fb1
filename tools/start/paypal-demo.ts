/** The account at the PayPal simulator: its app for real money, and the one for tests. */
export type PaypalDemo = {
  url: string;
  client_id: string;
  secret: string;
  sandbox_client_id: string;
  sandbox_secret: string;
  control_url: string;
  /** PEM: what the certificates of its webhooks lead to. */
  root_certificate: string;
};

/** What a running simulator tells to whoever wants to use it. */
export async function paypalDemoAt(url: string): Promise<PaypalDemo> {
  const control_url = `${url}/_control`;
  const answer = await fetch(control_url);
  const { root_certificate } = await answer.json<{ root_certificate: string }>();
  const [client_id, sandbox_client_id] = ["live_latchkeydemo", "sandbox_latchkeydemo"];
  return {
    url,
    client_id,
    secret: `secret_of_${client_id}`,
    sandbox_client_id,
    sandbox_secret: `secret_of_${sandbox_client_id}`,
    control_url,
    root_certificate,
  };
}
