#!/bin/sh
# browser.sh URL TOKEN [PNG]: opens URL/docs in a headless Chromium, executes requests and writes a screenshot to PNG
# (docs/swagger-ui.png by default). TOKEN must be allowed to create posts; the one that is created is deleted. CHROMIUM
# is the browser if it isn't called chromium, chromium-browser, google-chrome or chrome.
set -eu
case $# in
    2 | 3) ;;
    *)
        echo "usage: $0 URL TOKEN [PNG]" >&2
        exit 2
        ;;
esac

url=${1%/}
token=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
png=${3:-$here/../../docs/swagger-ui.png}
. "$here/chromium.sh"
exec node browser.js "$url" "$token" "$png" "$chromium"
