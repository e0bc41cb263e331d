#!/bin/sh
# lint.sh [FILE]: checks the OpenAPI document by Spectral's rules spectral:oas. Fails at any error, warning or hint.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
file=${1:-$here/../../http/src/main/resources/dev/byline/http/openapi.json}
(cd "$here" && npm install --loglevel error >/dev/null)
exec "$here/node_modules/.bin/spectral" lint --ruleset "$here/spectral.yaml" --fail-severity hint "$file"
