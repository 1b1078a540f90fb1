/** The import laws: who may know whom. Each says why; test/laws/imports.test.ts plants a violation of every one. */
const ROOMS = "^workers/(?!kernel/|rules/|main\\.ts$|rooms\\.ts$)([^/]+)/";
const floors = (names) => `^(${names.join("|")})/`;

/** What an import of a package looks like to the cruiser, whichever way it was resolved. */
const packages = (names) => `(^|node_modules/)(${names.join("|")})(/|$)`;

module.exports = {
  forbidden: [
    {
      name: "rules-are-pure",
      comment:
        "Rules are the same on the edge, in stories and offline: they import themselves and the pure libraries named here.",
      severity: "error",
      from: { path: "^workers/rules/" },
      to: { pathNot: ["^workers/rules/", packages(["semver", "ipaddr\\.js", "temporal-polyfill"])], path: ".*" },
    },
    {
      name: "rules-are-pure",
      comment: "The calendar library is reached through time.ts alone, and types come from rules as well.",
      severity: "error",
      from: { path: "^workers/rules/", pathNot: "^workers/rules/time\\.ts$" },
      to: { path: packages(["temporal-polyfill"]) },
    },
    {
      name: "only-db-speaks-sql",
      comment: "SQL to D1 stands in db alone: that is where tenants are kept apart.",
      severity: "error",
      from: { pathNot: ["^db/", "^drizzle\\.config\\.ts$", "^test/"] },
      to: { path: packages(["drizzle-orm"]) },
    },
    {
      name: "db-knows-no-http",
      comment: "Rows are rows: no router, no schemas of the wire, no rooms, no stories.",
      severity: "error",
      from: { path: "^db/" },
      to: { pathNot: ["^db/", "^workers/rules/", packages(["drizzle-orm"])], path: ".*" },
    },
    {
      name: "rooms-keep-to-themselves",
      comment: "A room reaches another one through its data or its events.",
      severity: "error",
      from: { path: ROOMS },
      to: { path: ROOMS, pathNot: "^workers/$1/" },
    },
    {
      name: "rooms-keep-to-themselves",
      comment: "What a room may use: kernel, rules, types of db, and a few libraries.",
      severity: "error",
      from: { path: ROOMS },
      to: { path: packages(["@temporalio", "drizzle-orm", "nodemailer"]) },
    },
    {
      name: "rooms-keep-to-themselves",
      comment: "Only the rooms that take money, and what they have in common, speak to Stripe.",
      severity: "error",
      from: { path: "^workers/", pathNot: "^workers/(sales|billing|kernel/stripe|kernel/billing)/" },
      to: { path: packages(["stripe"]) },
    },
    {
      name: "kernel-knows-no-room",
      comment: "The kernel is under every room, so it can stand on none.",
      severity: "error",
      from: { path: "^workers/kernel/" },
      to: { path: ROOMS },
    },
    {
      name: "workflows-are-deterministic",
      comment: "A story is replayed: it sees time and the world through Temporal alone.",
      severity: "error",
      from: { path: "^workflows/" },
      to: { pathNot: ["^workflows/", "^workers/rules/", packages(["@temporalio/workflow", "@temporalio/common"])], path: ".*" },
    },
    {
      name: "host-goes-through-the-edge",
      comment: "The host reaches data by signed calls, so that the edge stays the only owner of rows.",
      severity: "error",
      from: { path: "^worker-host/" },
      to: { path: ["^db/", "^workers/(?!rules/)", "^simulators/", "^tools/"] },
    },
    {
      name: "edge-knows-no-temporal",
      comment: "What a story is to do travels as an event.",
      severity: "error",
      from: { path: ["^workers/", "^db/"] },
      to: { path: [packages(["@temporalio"]), "^workflows/", "^worker-host/"] },
    },
    {
      name: "sdk-carries-rules-alone",
      comment: "What ships to devices is itself and the rules that it bundles: no library, and nothing of a server.",
      severity: "error",
      from: { path: "^sdk/verifier/" },
      to: { pathNot: ["^sdk/verifier/", "^workers/rules/"], path: ".*" },
    },
    {
      name: "cli-needs-no-network",
      comment:
        "The command line program runs where there is no network: it is itself, the verifier, rules, and what Node has for files and terminals.",
      severity: "error",
      from: { path: "^sdk/cli/" },
      to: {
        pathNot: ["^sdk/(cli|verifier)/", "^workers/rules/", "^(node:)?(fs|path|readline|stream|stream/consumers|util)$"],
        path: ".*",
      },
    },
    {
      name: "product-stands-alone",
      comment: "Simulators, tools and tests are for us; nothing that ships imports them.",
      severity: "error",
      from: { path: floors(["workers", "db", "workflows", "worker-host", "sdk"]) },
      to: { path: floors(["simulators", "tools", "test"]) },
    },
    {
      name: "mails-are-rendered-when-they-change",
      comment: "What ships reads what the templates became: no React runs at the edge or in the host.",
      severity: "error",
      from: { path: floors(["workers", "db", "workflows", "worker-host", "sdk"]) },
      to: { path: ["^mail/", packages(["react", "react-dom", "@react-email"])] },
    },
    {
      name: "mails-are-rendered-when-they-change",
      comment: "A template is words and layout: it knows the rules' lists, React, and nothing of ours beside.",
      severity: "error",
      from: { path: "^mail/" },
      to: {
        pathNot: [
          "^mail/",
          "^workers/rules/",
          packages(["react", "react-dom", "@react-email", "@types/react", "@types/react-dom"]),
        ],
        path: ".*",
      },
    },
    {
      name: "no-cycles",
      comment: "What needs itself cannot be understood in parts.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-unresolvable",
      comment: "Every import leads somewhere.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    // what was built
    exclude: { path: "^sdk/[a-z]+/dist/" },
    builtInModules: { add: ["cloudflare:workers", "cloudflare:test"] },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "node", "default"] },
  },
};
