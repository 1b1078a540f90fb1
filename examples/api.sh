# Short ways to call a running `npm start` from bash, as the guides in docs/guides do. Load it with: source examples/api.sh
#
#   api METHOD PATH [BODY] [curl options]   with the demo tenant's secret key
#   app PATH BODY                           as a program does, with its publishable key
#   field .NAME                             reads one field of the JSON on standard input

field() { node -pe "JSON.parse(require('fs').readFileSync(0, 'utf8'))$1"; }
dev() { field "$1" <"${LATCHKEY_HOME:-.latchkey}/dev.json"; }

API=$(dev .edge_url)
SECRET=$(dev .tenant.secret_key)
PUBLISHABLE=$(dev .tenant.publishable_key)

api() {
  local method=$1 path=$2
  shift 2
  if [[ ${1-} == "{"* ]]; then set -- -H 'Content-Type: application/json' -d "$@"; fi
  curl -sS -X "$method" "$API$path" -H "Authorization: Bearer $SECRET" "$@"
}

app() {
  curl -sS "$API$1" -H "Authorization: Bearer $PUBLISHABLE" -H 'Content-Type: application/json' -d "$2"
}
