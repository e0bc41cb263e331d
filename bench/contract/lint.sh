#!/bin/sh
# lint.sh [FILE]: Spectral's spectral:oas rules over the API description. No error, warning or hint may remain.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
file=${1:-$here/../../http/src/main/resources/dev/byline/http/openapi.json}
(cd "$here" && npm install --loglevel error >/dev/null)
exec "$here/node_modules/.bin/spectral" lint --ruleset "$here/spectral.yaml" --fail-severity hint "$file"
