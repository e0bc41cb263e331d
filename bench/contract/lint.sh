#!/bin/sh
# lint.sh [FILE]: checks the OpenAPI document by the rules of Spectral and of Redocly. Fails at any error or warning, of
# Spectral also at any hint.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
file=${1:-$here/../../http/src/main/resources/dev/byline/http/openapi.json}
(cd "$here" && npm install --loglevel error >/dev/null)
failed=0

# check NAME OPTION...: lints quietly, unless it finds something.
check() {
    name=$1
    shift
    if findings=$("$here/node_modules/.bin/$name" lint "$@" "$file" 2>&1); then
        echo "PASS $name"
    else
        echo "$findings" >&2
        echo "FAIL $name" >&2
        failed=1
    fi
}

export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
check spectral --ruleset "$here/spectral.yaml" --fail-severity hint
check redocly --config "$here/redocly.yaml" --format stylish
exit $failed
