#!/bin/sh
# What the README does in Python, from the command line. It needs trio-client[cli].
#
#   sh examples/command_line.sh rtsp://gate.example/live "a van is at the gate"
#
# Webhooks must reach this machine: set WEBHOOK_URL to a public address that forwards to PORT (8400 by default).
# TRIO_WEBHOOK_SECRET is the secret that your account's webhooks are signed with.
set -eu
if [ $# -ne 2 ]; then
  echo 'usage: sh command_line.sh STREAM_URL CONDITION' >&2
  exit 2
fi
if ! command -v trio-client > /dev/null; then
  echo "The command line is not installed; install it with: pip install 'trio-client[cli]'" >&2
  exit 1
fi
stream=$1
condition=$2
port=${PORT:-8400}
webhook_url=${WEBHOOK_URL:-http://127.0.0.1:$port/}

# Ask once, and save the picture. With --exit-code, the exit code is the answer: 0 for yes, 1 for no.
trio-client check "$stream" "$condition" --save-frame gate.jpg
trio-client ask gate.jpg "What is in the picture?"

# Watch for ten minutes, and save pictures. Ctrl-C stops the job.
trio-client watch "$stream" "$condition" --duration 10m --save-frames pictures

# Receive webhooks; go on when the listener is ready.
trio-client webhooks listen --port "$port" --count 2 --json > deliveries.jsonl 2> listener.log &
listener=$!
trap 'kill "$listener" 2> /dev/null || true' EXIT
until grep -q '^listening on' listener.log; do
  kill -0 "$listener" # if it has exited, see listener.log
  sleep 1
done

# Start a monitor that sends its events there, get its details, and wait until it ends.
job=$(trio-client jobs create "$stream" "$condition" --webhook-url "$webhook_url" --duration 10m --quiet)
trio-client jobs get "$job"
trio-client jobs wait "$job" --timeout 15m > /dev/null
wait "$listener"

# Write all jobs as CSV.
echo '"job_id","type","status","created","stream"' > jobs.csv
trio-client jobs list --all | awk -F '\t' -v OFS='","' '{ $1 = $1; print "\"" $0 "\"" }' >> jobs.csv

# Start a digest, and cancel it.
job=$(trio-client jobs create --digest "$stream" --window 10m --quiet)
trio-client jobs cancel "$job"
