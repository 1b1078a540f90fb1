import type { App } from "#kernel/app";
import { documentOf } from "#kernel/document";
import { allProblems } from "#kernel/problem";

let written: { publicUrl: string; text: string } | undefined;

/** The pages for people: the document, its reference, and a page for every problem. They work without any network but ours. */
export function addPages(app: App): void {
  app.get("/openapi.json", (c) => {
    const { publicUrl } = c.var;
    if (written?.publicUrl !== publicUrl) written = { publicUrl, text: JSON.stringify(documentOf(app, publicUrl)) };
    return c.body(written.text, 200, { "content-type": "application/json", "access-control-allow-origin": "*" });
  });
  app.get("/", (c) => c.redirect("/docs", 302));
  app.get("/redoc", (c) => c.redirect("/docs", 302));
  app.get("/api/docs", (c) => c.redirect("/docs", 302));
  app.get("/docs", (c) => c.html(REFERENCE, 200, { "content-security-policy": POLICY }));
  app.get("/docs/scalar.js", (c) => c.env.ASSETS.fetch(c.req.raw));
  app.get("/docs/problems", (c) => c.html(page("Problems", problemList()), 200, { "content-security-policy": POLICY }));
  app.get("/docs/problems/:code", (c) => {
    const kind = allProblems().get(c.req.param("code"));
    if (!kind) return c.notFound();
    const body = `<h1>${escaped(kind.title)}</h1><p><code>${kind.code}</code>, status ${kind.status}</p><h2>What to do</h2><p>${escaped(kind.fix)}</p><p><a href="/docs/problems">All problems</a></p>`;
    return c.html(page(kind.title, body), 200, { "content-security-policy": POLICY });
  });
}

const POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'";

const STYLE =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a}code{background:#f2f2f2;padding:.1em .3em;border-radius:3px}dt{margin-top:1rem}@media(prefers-color-scheme:dark){body{background:#111;color:#eee}code{background:#222}a{color:#8bf}}";

const page = (title: string, body: string) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)} · Latchkey</title><style>${STYLE}</style></head><body>${body}</body></html>`;

// no fonts, telemetry, proxy or assistant: the reference loads nothing but our own document
const REFERENCE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Latchkey API</title></head><body><div id="app"></div><script src="/docs/scalar.js"></script><script>Scalar.createApiReference("#app",{url:"/openapi.json",withDefaultFonts:false,telemetry:false,hideClientButton:true,showDeveloperTools:"never",agent:{disabled:true},mcp:{disabled:true}})</script></body></html>`;

function problemList(): string {
  const kinds = [...allProblems().values()].sort((a, b) => (a.code < b.code ? -1 : 1));
  const items = kinds.map(
    ({ code, status, title, fix }) =>
      `<dt><a href="/docs/problems/${code}"><code>${code}</code></a> (${status})</dt><dd>${escaped(title)}. ${escaped(fix)}</dd>`,
  );
  return `<h1>Problems</h1><p>Every error answers with one of these codes.</p><dl>${items.join("")}</dl>`;
}

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
