#!/bin/sh
# The README's programs, with the command line alone:
#
#   sh examples/command_line.sh rtsp://gate.example/live "a van is at the gate"
#
# Deliveries must reach this machine: set WEBHOOK_URL to the public address that leads to PORT (8400 by default).
# TRIO_WEBHOOK_SECRET is the secret that the account's webhooks are signed with.
set -eu
stream=${1:?the URL of a stream}
condition=${2:?a condition}
port=${PORT:-8400}
webhook_url=${WEBHOOK_URL:-http://127.0.0.1:$port/}

# Ask once, and keep the picture. An exit code answers: `--exit-code` exits with 1 for no.
trio-client check "$stream" "$condition" --save-frame gate.jpg
trio-client ask gate.jpg "What is in the picture?"

# Watch, with pictures; leaving cancels the job.
trio-client watch "$stream" "$condition" --duration 10m --save-frames pictures

# Receive webhooks, once the listener says that it listens.
trio-client webhooks listen --port "$port" --count 2 --json > deliveries.jsonl 2> listener.log &
listener=$!
trap 'kill "$listener" 2> /dev/null || true' EXIT
until grep -q '^listening on' listener.log; do
  kill -0 "$listener" # it has ended: see listener.log
done

# Start a monitor that reports there, look at it, and wait for its end.
job=$(trio-client jobs create "$stream" "$condition" --webhook-url "$webhook_url" --duration 10m --quiet)
trio-client jobs get "$job"
trio-client jobs wait "$job" --timeout 15m > /dev/null
wait "$listener"

# Page through all jobs, each once, as CSV.
echo '"job_id","type","status","created","stream"' > jobs.csv
trio-client jobs list --all | awk -F '\t' -v OFS='","' '{ $1 = $1; print "\"" $0 "\"" }' >> jobs.csv

# Start a digest, and cancel it.
job=$(trio-client jobs create --digest "$stream" --window 10m --quiet)
trio-client jobs cancel "$job"
