#!/usr/bin/env bash
# The main job, end to end, on this machine alone: both stand-ins, the service, and everything a newcomer would try.
# Installs what is missing, builds, walks, checks every number against the servers' own counters, and leaves nothing running
# (`--keep` leaves it up and says how to reach it).
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

KEEP=false
case ${1:-} in
  "") ;;
  --keep) KEEP=true ;;
  *) echo "usage: scripts/demo.sh [--keep]" >&2; exit 2 ;;
esac

say "== Installing what is missing and building (the first time takes some minutes)"
./scripts/install.sh
build release cdi-server cdi snowflake-mock braze-mock cdisfodbc
BIN=$ROOT/build/release/bin
WORK=$(mktemp -d)
BEGIN=$SECONDS

tidy() {
  local status=$?
  if $KEEP && ((status == 0)); then return; fi
  end_all
  if ((status == 0)); then rm -rf "$WORK"; else say "the servers' output is in $WORK" >&2; fi
}
trap tidy EXIT

step() { printf '\n== %s\n' "$*"; }
cdi() { "$BIN/cdi" --server "$CDI" "$@"; }
# What the stand-ins say of themselves.
admin_sql() { jq -n --arg sql "$1" '{sql: $sql}' | curl -sS --fail-with-body -H 'Content-Type: application/json' -d @- "http://$SNOWFLAKE/__mock/sql"; }
count_of() { admin_sql "SELECT COUNT(*) AS N FROM $SCHEMA.$1" | jq -r '.rows[0][0]'; }
braze_stat() { curl -sS "$BRAZE/__mock/stats" | jq -r "$1"; }
expect() { # expect WHAT GOT WANTED
  if [[ $2 != "$3" ]]; then fail "$1: $2, expected $3"; fi
  say "  checked: $1 = $2"
}
# A command that must be refused; its words are shown.
refused() {
  local output
  if output=$("$@" 2>&1); then fail "was not refused: $*"; fi
  sed 's/^/  | /' <<<"$output"
}
run_sync() { # run_sync SYNC -> JSON of the ended run
  cdi --json syncs run "$1" --follow --commit-lag 0s >"$WORK/run.json" || true
  jq -s '.[-1]' "$WORK/run.json"
}
show_run() { jq -r '"  " + .state + ": " + .counters.rows_fetched + " rows read, " + .counters.rows_accepted + " accepted, " + .counters.rows_rejected + " refused, " + .counters.rows_held + " held, " + .counters.rows_skipped + " already finished before; " + .counters.batches + " requests, " + .counters.batches_repeated + " repeated"' <<<"$1"; }
counter() { jq -r ".counters.$2" <<<"$1"; }

DATABASE=BRAZE_CLOUD_PRODUCTION
SCHEMA=$DATABASE.INGESTION
DRIVER=$ROOT/build/release/lib/libcdisfodbc.so

start_service() {
  start cdi-server "$BIN/cdi-server" --config "$WORK/server.yaml"
  SERVICE_PID=$STARTED
  CDI=$(first_line cdi-server)
  CDI=${CDI##* }
}

step "Stand-ins: a Snowflake account and a Braze workspace on this machine"
{ cat scripts/demo/account.sql; python3 scripts/demo/bad_rows.py; } >"$WORK/account.sql"
(umask 077; echo "demo-key-$RANDOM$RANDOM" >"$WORK/braze.key"; echo wrong-key >"$WORK/wrong.key")
start snowflake-mock "$BIN/snowflake-mock" --listen 127.0.0.1:0 --account MYORG-DEMO --init "$WORK/account.sql"
start braze-mock "$BIN/braze-mock" --listen 127.0.0.1:0 --api-key-file "$WORK/braze.key" --latency 50
SNOWFLAKE=$(first_line snowflake-mock); SNOWFLAKE=${SNOWFLAKE##* }
BRAZE=$(first_line braze-mock); BRAZE=${BRAZE##* }
say "  snowflake-mock on $SNOWFLAKE, braze-mock on $BRAZE"

step "The service, with TLS, and a token for the demo's person"
mkdir -m 700 "$WORK/keys"
# Signed by itself, so that it is its own authority.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=cdi-demo -addext subjectAltName=IP:127.0.0.1 \
  -keyout "$WORK/server.key" -out "$WORK/server.pem" 2>/dev/null
export CDI_CA_FILE=$WORK/server.pem CDI_TOKEN_FILE=$WORK/me.token
cat >"$WORK/server.yaml" <<YAML
listen: 127.0.0.1:0
tls: {certificate_file: $WORK/server.pem, key_file: $WORK/server.key}
access: {tests_per_minute: 60}
metrics_listen: 127.0.0.1:0
state_dir: $WORK/state
master_key: {file: $WORK/keys/master.key, create: true}
allow_loopback_endpoints: true
driver_paths: [$DRIVER]
YAML
(umask 077; "$BIN/cdi-server" --config "$WORK/server.yaml" --create_token me --role admin >"$CDI_TOKEN_FILE")
start_service
say "  cdi-server on $CDI; without the token nobody gets in:"
refused env -u CDI_TOKEN_FILE "$BIN/cdi" --server "$CDI" syncs list

step "A connection and a key pair; the private half never leaves the service"
cdi connections create snowflake main --account MYORG-DEMO --user BRAZE_INGESTION_USER --role BRAZE_INGESTION_ROLE \
  --warehouse BRAZE_INGESTION_WAREHOUSE --host 127.0.0.1 --port "${SNOWFLAKE##*:}" --plaintext --driver "$DRIVER" >/dev/null
cdi keys generate main --id first | sed 's/^/  /'
say "  Before the key is registered, a login is refused:"
refused cdi connections test main
say "  The demo's administrator runs the statement:"
STATEMENT=$(cdi --json keys get main/first | jq -r .register_statement)
admin_sql "$STATEMENT" | jq -r '"  | " + .rows[0][0]'
cdi connections test main --database $DATABASE --schema INGESTION | sed 's/^/  /'

step "A workspace"
cdi workspaces create shop --endpoint "$BRAZE" --api-key-file "$WORK/braze.key" --rate-requests 400 >/dev/null
cdi workspaces test shop | sed 's/^/  /'

step "Three syncs: attributes, events, purchases"
cdi syncs create attributes --connection main --workspace shop --data-type user-attributes --database $DATABASE --schema INGESTION --table USERS_ATTRIBUTES_SYNC >/dev/null
cdi syncs create events --connection main --workspace shop --data-type events --database $DATABASE --schema INGESTION --table EVENTS_SYNC >/dev/null
cdi syncs create purchases --connection main --workspace shop --data-type purchases --database $DATABASE --schema INGESTION --table PURCHASES_SYNC >/dev/null
say "  An untested draft cannot be activated:"
refused cdi syncs activate attributes
say "  A test, with a preview:"
cdi syncs test attributes --rows 3 | sed 's/^/  /'
for sync in events purchases; do cdi syncs test $sync --rows 1 >/dev/null; done
for sync in attributes events purchases; do cdi syncs activate $sync >/dev/null; done
cdi syncs list | sed 's/^/  /'

step "First runs"
for sync in attributes events purchases; do
  case $sync in
    attributes) table=USERS_ATTRIBUTES_SYNC bad=20 ;;
    events) table=EVENTS_SYNC bad=5 ;;
    purchases) table=PURCHASES_SYNC bad=5 ;;
  esac
  run=$(run_sync $sync)
  say "$sync:"; show_run "$run"
  rows=$(count_of $table)
  expect "$sync: rows read" "$(counter "$run" rows_fetched)" "$rows"
  expect "$sync: rows refused" "$(counter "$run" rows_rejected)" $bad
  expect "$sync: objects that Braze took" "$(braze_stat ".objects_accepted.$sync")" $((rows - bad))
done
say "  Refused rows, and why:"
for sync in attributes events purchases; do cdi --json runs dead-rows $sync | jq -r '.dead_rows[] | "  | " + .reason + ": " + .message' ; done | sort | uniq -c | sed 's/^ */  /'

step "100 more rows, half of them with exactly the last timestamp"
LAST=$(admin_sql "SELECT TO_VARCHAR(MAX(UPDATED_AT)) AS T FROM $SCHEMA.USERS_ATTRIBUTES_SYNC" | jq -r '.rows[0][0]')
admin_sql "INSERT INTO $SCHEMA.USERS_ATTRIBUTES_SYNC (UPDATED_AT, EXTERNAL_ID, PAYLOAD) SELECT '$LAST'::TIMESTAMP_NTZ(9), 'tie-' || SEQ4(), '{\"tie\":true}' FROM TABLE(GENERATOR(ROWCOUNT => 50)); INSERT INTO $SCHEMA.USERS_ATTRIBUTES_SYNC (UPDATED_AT, EXTERNAL_ID, PAYLOAD) SELECT DATEADD(second, 1 + SEQ4(), '$LAST'::TIMESTAMP_NTZ(9)), 'new-' || SEQ4(), '{\"tie\":false}' FROM TABLE(GENERATOR(ROWCOUNT => 50))" >/dev/null
before=$(braze_stat .objects_accepted.attributes)
run=$(run_sync attributes); show_run "$run"
expect "rows accepted" "$(counter "$run" rows_accepted)" 100
expect "objects that Braze took more than before" $(($(braze_stat .objects_accepted.attributes) - before)) 100
run=$(run_sync attributes)
expect "rows accepted by one more run" "$(counter "$run" rows_accepted)" 0

step "A table of 50,000 rows; the server is killed with -9 in the middle"
cdi syncs create large --connection main --workspace shop --data-type user-attributes --database $DATABASE --schema INGESTION --table LARGE_SYNC >/dev/null
cdi syncs test large --rows 1 >/dev/null
cdi syncs activate large >/dev/null
before=$(braze_stat .objects_accepted.attributes)
RUN=$(cdi --json syncs run large --commit-lag 0s | jq -r .name)
for ((i = 0; i < 300; ++i)); do
  if (($(braze_stat .objects_accepted.attributes) - before > 10000)); then break; fi
  sleep 0.05
done
kill -9 "$SERVICE_PID"; wait "$SERVICE_PID" 2>/dev/null || true
taken=$(($(braze_stat .objects_accepted.attributes) - before))
say "  killed when Braze had taken $taken of 50000 rows"
if ((taken >= 50000)); then fail "the run was over before the kill"; fi
start_service
say "  started again on $CDI; the run goes on by itself"
cdi --json runs watch "$RUN" >"$WORK/run.json" || true
run=$(jq -s '.[-1]' "$WORK/run.json"); show_run "$run"
expect "state" "$(jq -r .state <<<"$run")" SUCCESS
expect "rows accepted" "$(counter "$run" rows_accepted)" 50000
missing=0; next=1; : >"$WORK/seen"
while [[ $next != null ]]; do
  curl -sS "$BRAZE/__mock/ledger?from=$next&limit=50000" >"$WORK/ledger.json"
  jq -r '.objects[] | select(.identifier | tostring | test("large-")) | .identifier | if type == "object" then (.external_id // .value) else . end' "$WORK/ledger.json" >>"$WORK/seen"
  next=$(jq -r .next "$WORK/ledger.json")
done
expect "different rows of the table in Braze's ledger" "$(sort -u "$WORK/seen" | wc -l)" 50000
say "  rows that Braze got twice because of the kill: $(($(wc -l <"$WORK/seen") - 50000)), in $(counter "$run" batches_repeated) repeated requests"

step "What goes wrong, and what it says"
say "  A wrong key in Snowflake:"
OTHER=$(openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 2>/dev/null | openssl pkey -pubout -outform DER | base64 -w0)
admin_sql "ALTER USER BRAZE_INGESTION_USER SET RSA_PUBLIC_KEY='$OTHER'" >/dev/null
refused cdi connections test main
admin_sql "$STATEMENT" >/dev/null
say "  A missing grant:"
admin_sql "REVOKE SELECT ON TABLE $SCHEMA.EVENTS_SYNC FROM ROLE BRAZE_INGESTION_ROLE" >/dev/null
run=$(run_sync events)
jq -r '"  | " + .state + ": " + .error.message' <<<"$run"
expect "state" "$(jq -r .state <<<"$run")" CONFIG_ERROR
admin_sql "GRANT SELECT ON TABLE $SCHEMA.EVENTS_SYNC TO ROLE BRAZE_INGESTION_ROLE" >/dev/null
say "  A missing column:"
cdi syncs create broken --connection main --workspace shop --data-type user-attributes --database $DATABASE --schema INGESTION --table NO_PAYLOAD >/dev/null
refused cdi syncs test broken
say "  A wrong API key:"
cdi workspaces update shop --api-key-file "$WORK/wrong.key" >/dev/null
refused cdi workspaces test shop
cdi workspaces update shop --api-key-file "$WORK/braze.key" >/dev/null

step "The log of all that, checked against the promises"
if ! $KEEP; then end_pid "$SERVICE_PID"; fi
"$BIN/cdi-server" --check_log "$WORK/state" | sed 's/^/  /'
expect "requests that carried one user twice at a time" "$(braze_stat .concurrent_user_violations)" 0

printf '\nDone in %s s: everything above was checked against the counters of both stand-ins.\n' $((SECONDS - BEGIN))
if $KEEP; then
  say "Left running: cdi-server $CDI, snowflake-mock $SNOWFLAKE, braze-mock $BRAZE; files in $WORK."
  say "Try: CDI_CA_FILE=$CDI_CA_FILE CDI_TOKEN_FILE=$CDI_TOKEN_FILE $BIN/cdi --server $CDI syncs list        End it with: kill ${PIDS[*]}"
fi
