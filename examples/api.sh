# Short ways to call a running `npm start` from bash or zsh, as the guides in docs/guides do. Load it in the project's folder with:
# source examples/api.sh
#
#   api METHOD PATH [BODY] [curl options]   with the demo tenant's secret key
#   sandbox METHOD PATH [BODY] [curl options]   the same in its sandbox, with a test key
#   app PATH BODY [curl options]            as a program does, with its publishable key
#   field .NAME                             reads one field of the JSON on standard input

field() { node -pe "JSON.parse(require('fs').readFileSync(0, 'utf8'))$1"; }
dev() { field "$1" <"${LATCHKEY_HOME:-.latchkey}/dev.json"; }

if [[ ! -f ${LATCHKEY_HOME:-.latchkey}/dev.json ]]; then
  echo "There is no ${LATCHKEY_HOME:-.latchkey}/dev.json. Run \`npm start\`, wait until it is ready, and load this in the project's folder." >&2
  return 1
fi

API=$(dev .edge_url)
SECRET=$(dev .tenant.secret_key)
TEST_SECRET=$(dev .sandbox.secret_key)
PUBLISHABLE=$(dev .tenant.publishable_key)

api() {
  local method=$1 route=$2 # not "path": zsh ties that name to PATH
  shift 2
  if [[ ${1-} == "{"* ]]; then set -- -H 'Content-Type: application/json' -d "$@"; fi
  curl -sS -X "$method" "$API$route" -H "Authorization: Bearer $SECRET" -w '\n' "$@"
}

sandbox() { SECRET=$TEST_SECRET api "$@"; }

app() {
  local route=$1 body=$2
  shift 2
  curl -sS "$API$route" -H "Authorization: Bearer $PUBLISHABLE" -H "Content-Type: application/json" -w "\n" -d "$body" "$@"
}
