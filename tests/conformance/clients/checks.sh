# What the programs for the AWS CLI, AWS_CLI, share. They print as checks.py does.
# AWS_ENDPOINT_URL is the server, FUNCTION the ARN of a rotation function.
set -uo pipefail

aws() {
  "$AWS_CLI" secretsmanager "$@"
}

# is WHAT EXPECTED COMMAND...: the command prints that.
is() {
  local what=$1 expected=$2 found
  shift 2
  found=$(aws "$@" --output text 2>&1)
  if [[ $found == "$expected" ]]; then echo "ok: $what"; else echo "differs: $what: ${found//$'\n'/ } is not ${expected//$'\n'/ }"; fi
}

# refused WHAT CODE COMMAND...: the command fails with that code.
refused() {
  local what=$1 code=$2 found
  shift 2
  found=$(aws "$@" --output text 2>&1)
  if [[ $? -ne 0 && $found == *"An error occurred ($code) when calling"* ]]; then echo "ok: $what"; else
    echo "differs: $what: ${found//$'\n'/ } is not $code"
  fi
}

# until WHAT EXPECTED COMMAND...: the command prints that, sooner or later.
until_is() {
  local what=$1 expected=$2 found end=$((SECONDS + 60))
  shift 2
  while found=$(aws "$@" --output text 2>&1); [[ $found != "$expected" ]]; do
    ((SECONDS < end)) || { echo "differs: $what: ${found//$'\n'/ } is not ${expected//$'\n'/ }, at last"; return; }
  done
  echo "ok: $what"
}
